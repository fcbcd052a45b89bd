//! Members of a W3C trace state: <https://www.w3.org/TR/trace-context/#tracestate-header>.

const MAX_MEMBERS: usize = 32;

/// The value of a member; none if there is no such member or anything about the whole is wrong.
pub fn member<'a>(state: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (mut found, mut members) = (None, 0);
    for part in state.split(|byte| *byte == b',') {
        let part = part.trim_ascii();
        if part.is_empty() {
            continue;
        }
        members += 1;
        let equals = part.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&part[..equals], &part[equals + 1..]);
        if members > MAX_MEMBERS || !is_key(name) || !is_value(value) || (found.is_some() && name == key) {
            return None;
        }
        if name == key {
            found = Some(value);
        }
    }
    found
}

fn is_key(key: &[u8]) -> bool {
    let allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    matches!(key, [b'a'..=b'z' | b'0'..=b'9', ..]) && key.len() <= 256 && key.iter().all(allowed)
}

fn is_value(value: &[u8]) -> bool {
    let allowed = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=');
    !value.is_empty() && value.len() <= 256 && value.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_in_a_state_without_faults() {
        assert_eq!(member(b"a=1, b=2,", b"b"), Some(&b"2"[..]));
        assert_eq!(member(b"a=1,b=2", b"c"), None);
        for bad in [&b"a=1,b"[..], b"a=1,A=2", b"a=1,b=", b"a=1,a=2", b"a=1,b=\x7f"] {
            assert_eq!(member(bad, b"a"), None, "{bad:?}");
        }
    }
}
