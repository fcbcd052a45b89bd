//! What the words of a text are.
//!
//! A word is a run of letters, digits and `_`. Hangul, Han and Kana are written without spaces where words end, or with
//! endings attached: there a run of such characters is told apart from what is written otherwise, and every part of it
//! counts. Other characters stand between words.

/// A part of a text in which nothing separates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Word(&'a str),
    /// Of Hangul, Han and Kana.
    Run(&'a str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Word,
    Run,
    Between,
}

pub fn class(char: char) -> Class {
    match char {
        '_' | '0'..='9' | 'a'..='z' | 'A'..='Z' => Class::Word,
        _ if char.is_ascii() => Class::Between,
        _ if is_of_run(char) => Class::Run,
        _ if char.is_alphanumeric() => Class::Word,
        _ => Class::Between,
    }
}

/// Blocks of Unicode: Hangul, Kana, Han with its extensions, and the marks that stand among them.
fn is_of_run(char: char) -> bool {
    matches!(char,
        '\u{1100}'..='\u{11ff}' | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3040}'..='\u{30ff}'
        | '\u{3130}'..='\u{318f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}')
}

/// Calls `see` with each part and where it begins.
pub fn parts<'a>(text: &'a str, see: &mut dyn FnMut(usize, Part<'a>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        // Most of what is logged is ASCII: a byte is a character there.
        while at < bytes.len() && is_word_byte(bytes[at]) {
            at += 1;
        }
        let mut of = if at > start { Class::Word } else { Class::Between };
        while let Some(char) = text[at..].chars().next() {
            let next = class(char);
            if at == start {
                of = next;
            } else if next != of {
                break;
            }
            at += char.len_utf8();
            if next == Class::Between {
                break;
            }
        }
        match of {
            Class::Word => see(start, Part::Word(&text[start..at])),
            Class::Run => see(start, Part::Run(&text[start..at])),
            Class::Between => {}
        }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A word in lower case, character by character: what a character becomes does not depend on its neighbours.
pub fn put_lower(word: &str, out: &mut Vec<u8>) {
    if word.is_ascii() {
        out.extend(word.bytes().map(|byte| byte.to_ascii_lowercase()));
        return;
    }
    let mut room = [0; 4];
    for char in word.chars().flat_map(char::to_lowercase) {
        out.extend_from_slice(char.encode_utf8(&mut room).as_bytes());
    }
}

/// Calls `see` with each character and each two neighbours of a run.
pub fn pieces(run: &str, see: &mut dyn FnMut(&str)) {
    let mut before = None;
    for (at, char) in run.char_indices() {
        let end = at + char.len_utf8();
        see(&run[at..end]);
        if let Some(before) = before {
            see(&run[before..end]);
        }
        before = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts_of(text: &str) -> Vec<(usize, Part<'_>)> {
        let mut out = Vec::new();
        parts(text, &mut |at, part| out.push((at, part)));
        out
    }

    #[test]
    fn words_end_where_nothing_of_a_word_stands_and_where_the_script_changes() {
        assert_eq!(
            parts_of("GET /cart_2?id=작업을A1 café—取消"),
            [
                (0, Part::Word("GET")),
                (5, Part::Word("cart_2")),
                (12, Part::Word("id")),
                (15, Part::Run("작업을")),
                (24, Part::Word("A1")),
                (27, Part::Word("café")),
                (35, Part::Run("取消")),
            ]
        );
        assert_eq!(parts_of("… \t\n\u{1f600}"), []);
    }

    #[test]
    fn a_run_has_its_characters_and_its_neighbours() {
        let mut out = Vec::new();
        pieces("작업을", &mut |piece| out.push(piece.to_owned()));
        assert_eq!(out, ["작", "업", "작업", "을", "업을"]);
    }

    #[test]
    fn lower_case_does_not_depend_on_neighbours() {
        let mut out = Vec::new();
        put_lower("ÉCOLE ΟΔΟΣ", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "école οδοσ");
    }
}
