//! The W3C trace state of a span and the `ot` member in it: read, changed, written.
//!
//! Grammar: <https://www.w3.org/TR/trace-context-2/#tracestate-header>. What is not valid is not used at all.

use super::threshold::{read_randomness, read_threshold};
use super::{Randomness, State, Threshold};

const MAX_LEN: usize = 1024;
const MAX_MEMBERS: usize = 31;
const MAX_OT_LEN: usize = 256;
const MAX_VALUE_LEN: usize = 256;

#[derive(Default)]
pub struct TraceState<'a> {
    pub state: State<'a>,
    /// Fields of `ot` that aren't about sampling thresholds.
    extra: Vec<&'a [u8]>,
    /// Members of others, trimmed.
    others: Vec<&'a [u8]>,
}

impl<'a> TraceState<'a> {
    /// None for one that is not valid; an empty one is.
    pub fn read(text: &'a [u8]) -> Option<TraceState<'a>> {
        let mut found = TraceState::default();
        if text.len() > MAX_LEN {
            return None;
        }
        let members = text.split(|byte| *byte == b',').map(trimmed);
        for (count, member) in members.filter(|member| !member.is_empty()).enumerate() {
            let equals = member.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&member[..equals], &member[equals + 1..]);
            if count >= MAX_MEMBERS || !is_key(key) || !is_value(value) {
                return None;
            }
            if key == b"ot" {
                found.read_ot(value)?;
            } else {
                found.others.push(member);
            }
        }
        Some(found)
    }

    /// Of several `ot` the last one counts.
    fn read_ot(&mut self, value: &'a [u8]) -> Option<()> {
        (self.state, self.extra) = (State::default(), Vec::new());
        if value.len() > MAX_OT_LEN {
            return None;
        }
        for field in value.split(|byte| *byte == b';') {
            let colon = field.iter().position(|byte| *byte == b':')?;
            let (key, value) = (&field[..colon], &field[colon + 1..]);
            if !is_ot_field(key, value) {
                return None;
            }
            match key {
                b"th" => self.state.threshold = Some(Threshold { value: read_threshold(value)?, digits: value }),
                b"rv" => self.state.randomness = Some(Randomness::Given(read_randomness(value)?, value)),
                _ => self.extra.push(field),
            }
        }
        Some(())
    }

    /// `ot` first, then the others as they stood.
    pub fn put(&self, out: &mut Vec<u8>) {
        let mut before: &[u8] = b"ot=";
        if let Some(randomness) = &self.state.randomness {
            out.extend_from_slice(before);
            out.extend_from_slice(b"rv:");
            randomness.put(out);
            before = b";";
        }
        if let Some(threshold) = &self.state.threshold {
            out.extend_from_slice(before);
            out.extend_from_slice(b"th:");
            threshold.put(out);
            before = b";";
        }
        for field in &self.extra {
            out.extend_from_slice(before);
            out.extend_from_slice(field);
            before = b";";
        }
        for member in &self.others {
            if !out.is_empty() {
                out.push(b',');
            }
            out.extend_from_slice(member);
        }
    }
}

fn trimmed(member: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = member.iter().position(|byte| !blank(byte)).unwrap_or(member.len());
    let end = member.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &member[start..end]
}

/// `key`, or `tenant@system`.
fn is_key(key: &[u8]) -> bool {
    let rest = |part: &[u8]| part.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'));
    let begins = |part: &[u8], digit: bool| {
        part.first().is_some_and(|first| first.is_ascii_lowercase() || (digit && first.is_ascii_digit())) && rest(part)
    };
    match key.iter().position(|byte| *byte == b'@') {
        None => key.len() <= 256 && begins(key, false),
        Some(at) => {
            let (tenant, system) = (&key[..at], &key[at + 1..]);
            tenant.len() <= 241 && system.len() <= 14 && begins(tenant, true) && begins(system, false)
        }
    }
}

fn is_value(value: &[u8]) -> bool {
    (1..=MAX_VALUE_LEN).contains(&value.len()) && value.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'=')
}

fn is_ot_field(key: &[u8], value: &[u8]) -> bool {
    key.first().is_some_and(u8::is_ascii_lowercase)
        && key.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> Option<String> {
        let mut out = Vec::new();
        TraceState::read(text.as_bytes())?.put(&mut out);
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_valid_is_written_with_ot_first() {
        for (text, written) in [
            ("", ""),
            (",", ""),
            ("foo=bar", "foo=bar"),
            ("foo=bar , ot=th:8;rv:9B8233f7e3a151;x:y", "ot=rv:9B8233f7e3a151;th:8;x:y,foo=bar"),
            ("ot=th:0,ot=th:C0", "ot=th:C0"),
            ("0a@b=x y", "0a@b=x y"),
            ("ot=p:8;r:", "ot=p:8;r:"),
        ] {
            assert_eq!(again(text).as_deref(), Some(written), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_valid_is_not_used() {
        let long = format!("a={}", "x".repeat(257));
        for text in ["bad", "foo=", "=x", "A=1", "a b=1", "a=é", "a=b=c", "a@=1", "ot=", "ot=th:", "ot=th:zz", &long] {
            assert_eq!(again(text), None, "{text:?}");
        }
    }
}
