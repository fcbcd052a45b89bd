//! What policies ask of attributes and trace states: looked for once, when a span comes, and kept as a bit per trace.

use hashbrown::{HashMap, HashSet};
use otelier_wire::Any;
use otelier_wire::protobuf::fields;
use otelier_wire::{any, span};
use parking_lot::Mutex;
use regex::Regex;
use serde::Deserialize;

use super::trace_state;
use crate::pattern;

/// The field number of a Resource's attributes.
const RESOURCE_ATTRIBUTES: u32 = 1;
/// Distinct values per matcher whose verdict is remembered; then all are forgotten. Longer ones are looked at each time,
/// or senders of long values would fill memory that nobody counts.
const MEMO: usize = 4096;
const MEMO_LEN: usize = 256;

/// One thing to look for. A value of another type reads as "", 0 or false.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Wanted {
    /// Text that is one of the values or, as `regex`, in which one of them is found anywhere.
    String {
        key: String,
        values: Vec<String>,
        #[serde(default)]
        regex: bool,
    },
    /// Both bounds included.
    Numeric {
        key: String,
        min: i64,
        max: i64,
    },
    Boolean {
        key: String,
        value: bool,
    },
    /// A member of the W3C trace state.
    TraceState {
        key: String,
        values: Vec<String>,
    },
}

enum Test {
    OneOf(HashSet<Box<[u8]>>),
    Found(Vec<Regex>),
    Between(i64, i64),
    Is(bool),
}

struct Key {
    name: Box<[u8]>,
    /// Bit and test of each matcher that asks for it.
    tests: Vec<(usize, Test)>,
}

struct State {
    bit: usize,
    key: Box<[u8]>,
    values: HashSet<Box<[u8]>>,
}

/// All that is looked for. For any number of threads.
pub struct Matchers {
    keys: Vec<Key>,
    states: Vec<State>,
    bits: usize,
    /// Bit n: a key of n bytes is wanted; the last bit stands for all that are longer.
    lengths: u64,
    scratch: Mutex<Vec<Scratch>>,
}

/// What one thread remembers while it looks.
#[derive(Default)]
pub struct Scratch {
    /// By matcher: what its expression says about a value.
    memo: Vec<HashMap<Box<[u8]>, bool>>,
    /// The message in which each key was seen last: only the first attribute of a key counts.
    seen: Vec<u64>,
    message: u64,
}

impl Matchers {
    /// Bit n of a trace is the n-th of these. Answers what is wrong with one.
    pub fn new(wanted: &[Wanted]) -> Result<Matchers, String> {
        let mut made = Matchers {
            keys: Vec::new(),
            states: Vec::new(),
            bits: wanted.len(),
            lengths: 0,
            scratch: Mutex::default(),
        };
        for (bit, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::String { key, values, regex: true } => made.add(key, bit, Test::Found(expressions(values)?)),
                Wanted::String { key, values, .. } => made.add(key, bit, Test::OneOf(set(values))),
                Wanted::Numeric { key, min, max } => made.add(key, bit, Test::Between(*min, *max)),
                Wanted::Boolean { key, value } => made.add(key, bit, Test::Is(*value)),
                Wanted::TraceState { key, values } => {
                    made.states.push(State { bit, key: key.as_bytes().into(), values: set(values) });
                }
            }
        }
        Ok(made)
    }

    fn add(&mut self, key: &str, bit: usize, test: Test) {
        let name = key.as_bytes();
        self.lengths |= 1 << name.len().min(63);
        match self.keys.iter_mut().find(|known| *known.name == *name) {
            Some(known) => known.tests.push((bit, test)),
            None => self.keys.push(Key { name: name.into(), tests: vec![(bit, test)] }),
        }
    }

    pub fn len(&self) -> usize {
        self.bits
    }

    pub fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// To be given back, so that the next one profits from what this one learns.
    pub fn borrow(&self) -> Scratch {
        let mut scratch = self.scratch.lock().pop().unwrap_or_default();
        scratch.seen.resize(self.keys.len(), 0);
        scratch
    }

    pub fn give_back(&self, scratch: Scratch) {
        self.scratch.lock().push(scratch);
    }

    /// Sets the bits of what is found in an encoded Resource.
    pub fn look_at_resource(&self, resource: &[u8], scratch: &mut Scratch, bits: &mut [u64]) {
        if self.keys.is_empty() {
            return;
        }
        scratch.message += 1;
        for attribute in any::attributes(resource, RESOURCE_ATTRIBUTES) {
            if let Some(key) = self.key(attribute.key, scratch) {
                self.test(key, attribute.value(), true, scratch, bits);
            }
        }
    }

    /// Sets the bits of what is found in a span.
    pub fn look_at_span(&self, span: &span::Span, scratch: &mut Scratch, bits: &mut [u64]) {
        for state in &self.states {
            if !span.trace_state.is_empty() && !has(bits, state.bit) {
                let found = trace_state::member(span.trace_state, &state.key);
                if found.is_some_and(|value| state.values.contains(value)) {
                    set_bit(bits, state.bit);
                }
            }
        }
        if self.keys.is_empty() {
            return;
        }
        scratch.message += 1;
        let mut rest = span.content;
        loop {
            // Attributes shorter than 128 bytes whose key comes first: nearly all.
            while let [0x4a, length @ 0..0x80, after @ ..] = rest
                && let Some((content, after)) = after.split_at_checked(usize::from(*length))
                && let [0x0a, key_len @ 0..0x80, key @ ..] = content
            {
                rest = after;
                if self.lengths >> key_len.min(&63) & 1 == 0 {
                    continue;
                }
                if let Some(key) = key.get(..usize::from(*key_len)).and_then(|key| self.key(key, scratch)) {
                    self.test(key, any::Attribute::read(content, content).value(), false, scratch, bits);
                }
            }
            let Some(field) = fields(rest).next() else { return };
            rest = &rest[field.raw.len()..];
            if let (span::ATTRIBUTES, otelier_wire::protobuf::Value::Len(content)) = (field.number, field.value) {
                let attribute = any::Attribute::read(content, field.raw);
                if let Some(key) = self.key(attribute.key, scratch) {
                    self.test(key, attribute.value(), false, scratch, bits);
                }
            }
        }
    }

    /// The key's number, the first time that it is asked for in a message.
    #[inline]
    fn key(&self, name: &[u8], scratch: &mut Scratch) -> Option<usize> {
        let at = self.keys.iter().position(|key| *key.name == *name)?;
        let first = scratch.seen[at] != scratch.message;
        scratch.seen[at] = scratch.message;
        first.then_some(at)
    }

    fn test(&self, key: usize, value: Any, in_resource: bool, scratch: &mut Scratch, bits: &mut [u64]) {
        for (bit, test) in &self.keys[key].tests {
            if has(bits, *bit) {
                continue;
            }
            let text = if let Any::Str(text) = value { text } else { &[] };
            let found = match test {
                Test::OneOf(values) => (in_resource || !text.is_empty()) && values.contains(text),
                Test::Found(any_of) => (in_resource || !text.is_empty()) && scratch.matches(*bit, any_of, text),
                Test::Between(min, max) => (*min..=*max).contains(&if let Any::Int(int) = value { int } else { 0 }),
                Test::Is(wanted) => *wanted == matches!(value, Any::Bool(true)),
            };
            if found {
                set_bit(bits, *bit);
            }
        }
    }
}

impl Scratch {
    fn matches(&mut self, bit: usize, any_of: &[Regex], text: &[u8]) -> bool {
        let look = || {
            // What was checked is UTF-8.
            let readable = std::str::from_utf8(text).unwrap_or_default();
            any_of.iter().any(|regex| regex.is_match(readable))
        };
        if text.len() > MEMO_LEN {
            return look();
        }
        if self.memo.len() <= bit {
            self.memo.resize_with(bit + 1, HashMap::new);
        }
        let memo = &mut self.memo[bit];
        if let Some(known) = memo.get(text) {
            return *known;
        }
        if memo.len() >= MEMO {
            memo.clear();
        }
        let found = look();
        memo.insert(text.into(), found);
        found
    }
}

/// How many words hold so many bits.
pub fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

#[inline]
pub fn has(bits: &[u64], bit: usize) -> bool {
    bits[bit / 64] >> (bit % 64) & 1 == 1
}

#[inline]
pub fn set_bit(bits: &mut [u64], bit: usize) {
    bits[bit / 64] |= 1 << (bit % 64);
}

fn set(values: &[String]) -> HashSet<Box<[u8]>> {
    values.iter().map(|value| value.as_bytes().into()).collect()
}

fn expressions(patterns: &[String]) -> Result<Vec<Regex>, String> {
    let compiled = |text: &String| {
        pattern::compile(text).map_err(|error| format!("the regular expression {text:?} can't be used: {error}"))
    };
    patterns.iter().map(compiled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(key: &str, values: &[&str], regex: bool) -> Wanted {
        Wanted::String { key: key.into(), values: values.iter().map(|v| v.to_string()).collect(), regex }
    }

    /// The content of a KeyValue: a short key, an AnyValue.
    fn attribute(tag: u8, key: &str, value: &[u8]) -> Vec<u8> {
        let (key_len, value_len) = (key.len() as u8, value.len() as u8);
        let content = [&[0x0a, key_len], key.as_bytes(), &[0x12, value_len], value].concat();
        [&[tag, content.len() as u8], &content[..]].concat()
    }

    fn found(wanted: &[Wanted], resource: &[u8], content: &[u8]) -> Vec<bool> {
        let matchers = Matchers::new(wanted).unwrap();
        let mut scratch = matchers.borrow();
        let mut bits = vec![0; words(wanted.len())];
        matchers.look_at_resource(resource, &mut scratch, &mut bits);
        matchers.look_at_span(&span::Span::read(content), &mut scratch, &mut bits);
        (0..wanted.len()).map(|bit| has(&bits, bit)).collect()
    }

    #[test]
    fn values_of_another_type_read_as_nothing() {
        let wanted = [
            string("k", &[""], false),
            string("k", &["x*"], true),
            Wanted::Numeric { key: "k".into(), min: -1, max: 1 },
            Wanted::Boolean { key: "k".into(), value: false },
            Wanted::Boolean { key: "k".into(), value: true },
        ];
        let double = [&[0x21][..], &500f64.to_le_bytes()].concat();
        assert_eq!(found(&wanted, &[], &attribute(0x4a, "k", &double)), [false, false, true, true, false]);
        assert_eq!(found(&wanted, &attribute(0x0a, "k", &double), &[]), [true, true, true, true, false]);
        assert_eq!(found(&wanted, &[], &attribute(0x4a, "k", &[0x10, 1])), [false, false, true, false, true]);
        assert_eq!(found(&wanted, &[], &attribute(0x4a, "j", &[0x10, 1])), [false; 5]);
    }

    #[test]
    fn only_the_first_attribute_of_a_key_counts() {
        let twice = [attribute(0x4a, "k", b"\x0a\x01a"), attribute(0x4a, "k", b"\x0a\x01b")].concat();
        assert_eq!(found(&[string("k", &["a"], false), string("k", &["b"], false)], &[], &twice), [true, false]);
    }

    #[test]
    fn long_values_are_looked_at_and_not_remembered() {
        let matchers = Matchers::new(&[string("k", &["b$"], true)]).unwrap();
        let mut scratch = matchers.borrow();
        for (length, remembered) in [(MEMO_LEN - 1, 1), (MEMO_LEN, 1)] {
            let text = [vec![b'a'; length], b"b".to_vec()].concat();
            let Test::Found(any_of) = &matchers.keys[0].tests[0].1 else { panic!("a regex") };
            assert!(scratch.matches(0, any_of, &text));
            assert_eq!(scratch.memo[0].len(), remembered);
        }
    }

    #[test]
    fn expressions_are_found_anywhere_and_know_ascii_classes() {
        let wanted = [string("k", &[r"\/health", r"o\dx"], true), string("k", &[r"[\w-]+\b!"], true)];
        let texts = ["/a/health", "zo1xz", "o\u{664}x", "a-b!", "\u{e9}!"];
        let said: Vec<_> = texts
            .iter()
            .map(|text| {
                let value = [&[0x0a, text.len() as u8], text.as_bytes()].concat();
                found(&wanted, &[], &attribute(0x4a, "k", &value))
            })
            .collect();
        assert_eq!(said, [[true, false], [true, false], [false, false], [false, true], [false, false]]);
        assert!(Matchers::new(&[string("k", &["("], true)]).is_err());
    }
}
