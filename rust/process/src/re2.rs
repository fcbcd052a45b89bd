//! RE2's syntax written as that of the `regex` crate, which is nearly the same language.
//!
//! What differs, and is translated here:
//! - `\d \w \s \b` and their opposites mean ASCII in RE2, Unicode in the crate; `\s` leaves out the vertical tab.
//! - `\<` and `\>` are the characters in RE2, edges of words in the crate.
//! - `\Q…\E` quotes; `\123` and `\0` are octal; `\p{^Greek}` is `\P{Greek}`.
//! - A `{` that opens no repetition is the character itself.
//! - Inside brackets `[`, `&&`, `--` and `~~` are characters, where the crate nests and computes sets.
//!
//! The same in both: leftmost-first matches in linear time, `\z`, `\A`, escaped punctuation such as `\/`, classes by
//! name, flags. `\C` and backreferences exist in neither. The crate takes a little more than RE2 does (`(?x)`, `**`).

use std::iter::Peekable;
use std::str::CharIndices;

use crate::pattern::PatternError;

/// A translated pattern, and which character of the original each of its bytes came from.
pub struct Translated {
    pub text: String,
    pub origin: Vec<usize>,
}

type Result<T> = std::result::Result<T, PatternError>;

/// Write `pattern` in the crate's syntax. Fails only for what has no translation; the crate finds the other mistakes.
pub fn translate(pattern: &str) -> Result<Translated> {
    let mut reader =
        Reader { pattern, chars: pattern.char_indices().peekable(), at: 0, out: String::new(), origin: Vec::new() };
    reader.all()?;
    Ok(Translated { text: reader.out, origin: reader.origin })
}

struct Reader<'a> {
    pattern: &'a str,
    chars: Peekable<CharIndices<'a>>,
    /// Characters read so far.
    at: usize,
    out: String,
    origin: Vec<usize>,
}

/// One item of a bracket expression.
enum Item {
    Char(char),
    Class(String),
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        self.at += 1;
        Some(c)
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|&(_, c)| c)
    }

    fn rest(&mut self) -> &str {
        self.chars.peek().map_or("", |&(i, _)| &self.pattern[i..])
    }

    fn skip(&mut self, characters: usize) {
        for _ in 0..characters {
            self.next();
        }
    }

    fn write(&mut self, start: usize, text: &str) {
        self.out.push_str(text);
        self.origin.resize(self.out.len(), start);
    }

    fn error<T>(&self, position: usize, reason: &str) -> Result<T> {
        Err(PatternError { position, reason: reason.to_owned() })
    }

    fn all(&mut self) -> Result<()> {
        loop {
            let start = self.at;
            match self.next() {
                None => return Ok(()),
                Some('\\') => self.escape(start)?,
                Some('[') => self.brackets(start)?,
                Some('{') if !repeats(self.rest()) => self.write(start, r"\{"),
                Some(c) => self.write(start, c.encode_utf8(&mut [0; 4])),
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<()> {
        let Some(c) = self.next() else { return self.error(start, "a backslash has nothing behind it") };
        let text = match c {
            'Q' => return self.quoted(),
            'b' | 'B' => format!(r"(?-u:\{c})"),
            'x' => literal(self.hexadecimal(start)?),
            _ => match self.class(c, start)? {
                Some(class) if c.is_ascii_alphabetic() && !"pP".contains(c) => format!("[{class}]"),
                Some(class) => class,
                None => match self.octal(c, start)? {
                    Some(c) => literal(c),
                    None if c.is_ascii_alphanumeric() => format!(r"\{c}"),
                    None => literal(c),
                },
            },
        };
        self.write(start, &text);
        Ok(())
    }

    /// `\Q…\E`, or to the end of the pattern.
    fn quoted(&mut self) -> Result<()> {
        loop {
            if self.rest().starts_with(r"\E") {
                self.skip(2);
                return Ok(());
            }
            let start = self.at;
            let Some(c) = self.next() else { return Ok(()) };
            self.write(start, &literal(c));
        }
    }

    /// What stands for a set of characters behind a backslash, fit to stand in brackets.
    fn class(&mut self, c: char, start: usize) -> Result<Option<String>> {
        Ok(Some(match c {
            'd' => "0-9".into(),
            'D' => r"[^0-9]".into(),
            'w' => "0-9A-Za-z_".into(),
            'W' => "[^0-9A-Za-z_]".into(),
            's' => r"\t\n\f\r ".into(),
            'S' => r"[^\t\n\f\r ]".into(),
            'p' | 'P' if self.peek() == Some('{') => {
                let Some(length) = self.rest().find('}') else { return self.error(start, "a } is missing") };
                let name = self.rest()[1..length].to_owned();
                self.skip(name.chars().count() + 2);
                match name.strip_prefix('^') {
                    Some(name) => format!(r"\{}{{{name}}}", if c == 'p' { 'P' } else { 'p' }),
                    None => format!(r"\{c}{{{name}}}"),
                }
            }
            'p' | 'P' => {
                let Some(name) = self.next() else { return self.error(start, r"\p has no name behind it") };
                format!(r"\{c}{name}")
            }
            _ => return Ok(None),
        }))
    }

    /// `\0` to `\377`; a single digit other than 0 would be a backreference.
    fn octal(&mut self, first: char, start: usize) -> Result<Option<char>> {
        let Some(mut value) = first.to_digit(8) else {
            return if first.is_ascii_digit() { self.error(start, "there are no backreferences") } else { Ok(None) };
        };
        if value != 0 && self.peek().and_then(|c| c.to_digit(8)).is_none() {
            return self.error(start, "there are no backreferences");
        }
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            value = value * 8 + digit;
            self.next();
        }
        Ok(char::from_u32(value))
    }

    fn brackets(&mut self, start: usize) -> Result<()> {
        let mut text = String::from("[");
        if self.peek() == Some('^') {
            self.next();
            text.push('^');
        }
        let mut first = true;
        while first || self.peek() != Some(']') {
            first = false;
            match self.item(start)? {
                Item::Class(class) => text.push_str(&class),
                Item::Char(low) => {
                    text.push_str(&literal(low));
                    let rest = self.rest();
                    if rest.starts_with('-') && !rest.starts_with("-]") && rest.len() > 1 {
                        self.next();
                        let position = self.at;
                        let Item::Char(high) = self.item(start)? else {
                            return self.error(position, "a class can't be the end of a range");
                        };
                        text.push('-');
                        text.push_str(&literal(high));
                    }
                }
            }
        }
        self.next();
        text.push(']');
        self.write(start, &text);
        Ok(())
    }

    fn item(&mut self, start: usize) -> Result<Item> {
        let here = self.at;
        if self.rest().starts_with("[:")
            && let Some(length) = self.rest().find(":]")
        {
            let class = self.rest()[..length + 2].to_owned();
            self.skip(class.chars().count());
            return Ok(Item::Class(class));
        }
        let Some(c) = self.next() else { return self.error(start, "a ] is missing") };
        if c != '\\' {
            return Ok(Item::Char(c));
        }
        let Some(c) = self.next() else { return self.error(here, "a backslash has nothing behind it") };
        if let Some(class) = self.class(c, here)? {
            return Ok(Item::Class(class));
        }
        if let Some(c) = self.octal(c, here)? {
            return Ok(Item::Char(c));
        }
        Ok(Item::Char(match c {
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => self.hexadecimal(here)?,
            _ if c.is_ascii_alphanumeric() => return self.error(here, &format!(r"\{c} means nothing")),
            _ => c,
        }))
    }

    /// What follows `\x`: two digits, or any number of them in braces.
    fn hexadecimal(&mut self, start: usize) -> Result<char> {
        let rest = self.rest();
        let (digits, length) = match rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((digits, _)) => (digits, digits.chars().count() + 2),
            None => (rest.get(..2).unwrap_or(""), 2),
        };
        let found = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        self.skip(length);
        match found {
            Some(c) => Ok(c),
            None => self.error(start, r"\x needs two hexadecimal digits, or a code point in braces"),
        }
    }
}

fn literal(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() { c.to_string() } else { format!(r"\x{:02x}", c as u32) }
}

/// Does what stands behind a `{` make it a repetition: `3}`, `3,}` or `3,5}`?
fn repeats(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match inside.split_once(',') {
        Some((low, high)) => !low.is_empty() && digits(low) && digits(high),
        None => !inside.is_empty() && digits(inside),
    }
}
