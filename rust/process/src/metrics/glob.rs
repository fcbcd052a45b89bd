//! Names of attributes by pattern: `*`, `?`, `[ab-d]`, `[!a]`, `{one,two}`, and `\` before any of them.

/// Whether all of `text` matches. A pattern that is not closed matches as far as it goes.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let Some((&first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        b'*' => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        b'?' => char_len(text).is_some_and(|length| matches(rest, &text[length..])),
        b'[' => class(rest, text),
        b'{' => alternatives(rest, text),
        b'\\' => literal(rest, text),
        _ => literal(pattern, text),
    }
}

fn literal(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (Some((wanted, pattern)), Some((found, text))) => wanted == found && matches(pattern, text),
        (wanted, found) => wanted.is_none() && found.is_none(),
    }
}

/// Bytes of the first character of valid UTF-8.
fn char_len(text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    Some(text.len().min(usize::from(first.leading_ones() as u8).max(1)))
}

fn class(pattern: &[u8], text: &[u8]) -> bool {
    let Some(end) = pattern.iter().position(|byte| *byte == b']') else { return false };
    let (mut set, rest) = (&pattern[..end], &pattern[end + 1..]);
    let Some(length) = char_len(text) else { return false };
    let negated = set.first() == Some(&b'!');
    set = &set[usize::from(negated)..];
    let (found, mut member) = (&text[..length], false);
    while let Some(from_len) = char_len(set) {
        let (from, behind) = set.split_at(from_len);
        match behind.strip_prefix(b"-").and_then(|to| Some((to, char_len(to)?))) {
            Some((to, to_len)) => {
                // Characters of UTF-8 are ordered as their bytes are.
                member |= (from..=&to[..to_len]).contains(&found);
                set = &to[to_len..];
            }
            None => {
                member |= from == found;
                set = behind;
            }
        }
    }
    member != negated && matches(rest, &text[length..])
}

fn alternatives(pattern: &[u8], text: &[u8]) -> bool {
    let Some(end) = pattern.iter().position(|byte| *byte == b'}') else { return false };
    let rest = &pattern[end + 1..];
    let mut words = pattern[..end].split(|byte| *byte == b',');
    words.any(|word| matches(&[word, rest].concat(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let cases = [
            ("http.*", "http.method", true),
            ("http.*", "http", false),
            ("*.a", "b.a", true),
            ("k?[ab]", "k1a", true),
            ("k?[ab]", "k1c", false),
            ("k[!ab]", "kc", true),
            ("k[a-c]x", "kbx", true),
            ("k?", "k시", true),
            ("{http,rpc}.method", "rpc.method", true),
            ("{http,rpc}.method", "db.method", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("", "", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
