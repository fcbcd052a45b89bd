//! A cursor over JSON text (RFC 8259) that knows its nesting, and what to tell when the text isn't JSON.

use std::borrow::Cow;

use super::number::number_end;
use super::text::{plain_len, unescape};
use crate::DecodeError;

/// How deep objects and arrays may be nested: twice the check's 100 messages, each of which may stand in an array.
pub const MAX_DEPTH: usize = 200;

/// What was expected at a position, and for which field.
pub struct Fault {
    pub at: usize,
    pub expected: &'static str,
    pub field: Option<&'static str>,
}

impl Fault {
    pub fn explain(self, text: &[u8]) -> DecodeError {
        let before = &text[..self.at.min(text.len())];
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        // Continuation bytes of UTF-8 are not counted.
        let column = 1 + before[line_start..].iter().filter(|&&b| b & 0xc0 != 0x80).count();
        DecodeError::Json { line, column, expected: self.expected, field: self.field.unwrap_or("") }
    }
}

impl From<(usize, &'static str)> for Fault {
    fn from((at, expected): (usize, &'static str)) -> Fault {
        Fault { at, expected, field: None }
    }
}

pub type Result<T, E = Fault> = std::result::Result<T, E>;

pub struct Cursor<'a> {
    pub text: &'a [u8],
    pub at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a [u8]) -> Cursor<'a> {
        Cursor { text, at: 0, depth: 0 }
    }

    /// Skip white space; the byte there, 0 at the end.
    pub fn peek(&mut self) -> u8 {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other.copied().unwrap_or(0),
            }
        }
    }

    pub fn expected<T>(&self, expected: &'static str) -> Result<T> {
        Err(Fault { at: self.at, expected, field: None })
    }

    /// Go into an object or array; false, and out again, if it is empty.
    pub fn enter(&mut self, [open, close]: &[u8; 2], what: &'static str) -> Result<bool> {
        if self.peek() != *open {
            return self.expected(what);
        }
        if self.depth == MAX_DEPTH {
            return self.expected("at most 200 nested objects and arrays");
        }
        self.at += 1;
        if self.peek() == *close {
            self.at += 1;
            return Ok(false);
        }
        self.depth += 1;
        Ok(true)
    }

    /// Behind a member: true, and behind the comma, if another one follows; else out of the object or array.
    pub fn more(&mut self, close: u8, what: &'static str) -> Result<bool> {
        let byte = self.peek();
        if byte != b',' && byte != close {
            return self.expected(what);
        }
        self.at += 1;
        self.depth -= (byte == close) as usize;
        Ok(byte == b',')
    }

    pub fn colon(&mut self) -> Result<()> {
        if self.peek() != b':' {
            return self.expected(":");
        }
        self.at += 1;
        Ok(())
    }

    /// The string here, without its quotes and escapes.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>> {
        if self.peek() != b'"' {
            return self.expected("a string");
        }
        self.at += 1;
        if let Some(plain) = self.plain_string() {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = Vec::new();
        self.at = unescape(self.text, self.at, &mut text)?;
        Ok(Cow::Owned(text))
    }

    /// The string whose opening quote is behind us, if it holds no escapes; else nothing is taken.
    pub fn plain_string(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let (plain, rest) = rest.split_at(plain_len(rest));
        rest.starts_with(b"\"").then(|| {
            self.at += plain.len() + 1;
            plain
        })
    }

    /// Take `word` if it is here.
    pub fn literal(&mut self, word: &[u8]) -> bool {
        let here = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if here { word.len() } else { 0 };
        here
    }

    /// Any value, known for nothing but being JSON.
    pub fn skip(&mut self) -> Result<()> {
        match self.peek() {
            b'{' => {
                let mut more = self.enter(b"{}", "{")?;
                while more {
                    self.string()?;
                    self.colon()?;
                    self.skip()?;
                    more = self.more(b'}', ", or }")?;
                }
            }
            b'[' => {
                let mut more = self.enter(b"[]", "[")?;
                while more {
                    self.skip()?;
                    more = self.more(b']', ", or ]")?;
                }
            }
            b'"' => drop(self.string()?),
            b'-' | b'0'..=b'9' => self.at = number_end(self.text, self.at)?,
            _ if self.literal(b"null") || self.literal(b"true") || self.literal(b"false") => {}
            _ => return self.expected("a value"),
        }
        Ok(())
    }
}
