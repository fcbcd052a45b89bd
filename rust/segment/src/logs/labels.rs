//! The labels of a log record, as Loki shows records that came by OTLP. `query/log_labels.py` has the same rules.
//!
//! A label's text is the first that there is: of the resource's attributes, of the record itself, of the scope's
//! attributes, of the record's attributes. Of several attributes that a label stands for, the one whose key comes first.

use std::collections::BTreeMap;

use super::record::LogFields;
use super::text::{Text, text_form};
use crate::filter::value::{any_value, each_message, hex, pair_of};

const SERVICE: &[u8] = b"service_name";
const NO_SERVICE: &[u8] = b"unknown_service";

/// A label, and what it means where no attribute of a resource has its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub name: Box<[u8]>,
    pub own: Own,
}

/// What of the record itself a label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    Nothing,
    /// The level by severity number or text; what it is called otherwise only if no attribute is.
    Level,
    LevelAlias,
    SeverityNumber,
    SeverityText,
    TraceId,
    SpanId,
    EventName,
    Flags,
    Observed,
    ScopeName,
    ScopeVersion,
}

impl Label {
    pub fn new(name: &str) -> Label {
        let own = match name {
            "detected_level" => Own::Level,
            "level" => Own::LevelAlias,
            "severity_number" => Own::SeverityNumber,
            "severity_text" => Own::SeverityText,
            "trace_id" => Own::TraceId,
            "span_id" => Own::SpanId,
            "event_name" => Own::EventName,
            "flags" => Own::Flags,
            "observed_timestamp" => Own::Observed,
            "scope_name" => Own::ScopeName,
            "scope_version" => Own::ScopeVersion,
            _ => Own::Nothing,
        };
        Label { name: name.as_bytes().into(), own }
    }

    /// Of an attribute with this key.
    pub fn is_of(&self, key: &[u8]) -> bool {
        let mut name = label_chars(key);
        self.name.iter().all(|byte| name.next() == Some(*byte)) && name.next().is_none()
    }

    /// A rough order of what it takes to answer.
    pub fn cost(&self) -> u32 {
        match (&*self.name, self.own) {
            (SERVICE, _) => 1,
            (_, Own::Level | Own::SeverityNumber | Own::SeverityText) => 2,
            _ => 5,
        }
    }

    /// What a resource's header says; `None`: nothing, so that the record is asked.
    pub fn of_resource<T>(&self, header: &[u8], see: impl FnOnce(&[u8]) -> T) -> Option<T> {
        match self.attribute_in(header, 1, 1) {
            Some(text) => Some(see(&text)),
            None if *self.name == *SERVICE => Some(see(NO_SERVICE)),
            None => None,
        }
    }

    /// The same of a scope's header.
    pub fn of_scope<T>(&self, header: &[u8], see: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let number = match self.own {
            Own::ScopeName => 1,
            Own::ScopeVersion => 2,
            _ => return self.attribute_in(header, 1, 3).map(|text| see(&text)),
        };
        let mut text: &[u8] = b"";
        each_message(header, 1, &mut |scope| {
            each_message(scope, number, &mut |found| {
                text = found;
                false
            })
        });
        if text.is_empty() { self.attribute_in(header, 1, 3).map(|text| see(&text)) } else { Some(see(text)) }
    }

    /// Among the attributes that are fields `inner` of the messages that are fields `number` of the header.
    fn attribute_in(&self, header: &[u8], number: u32, inner: u32) -> Option<Vec<u8>> {
        let mut least = None;
        each_message(header, number, &mut |message| {
            self.least_attribute(message, inner, &mut least);
            false
        });
        least.map(|(_, text)| text)
    }

    /// The least key and text among the KeyValues that are fields `number` of a message, and what is given.
    pub fn least_attribute(&self, message: &[u8], number: u32, least: &mut Option<(Vec<u8>, Vec<u8>)>) {
        each_message(message, number, &mut |pair| {
            let (key, any) = pair_of(pair);
            if self.is_of(key) {
                let text = text_form(any_value(any)).into_owned();
                if least.as_ref().is_none_or(|(known, of)| (key, &text[..]) < (&known[..], &of[..])) {
                    *least = Some((key.to_vec(), text));
                }
            }
            false
        });
    }

    /// What the record itself says, apart from attributes.
    pub fn of_fields(&self, record: &LogFields) -> Option<Text<'static>> {
        let number = |number: u64| (number != 0).then(|| Text::Owned(number.to_string().into_bytes()));
        let text = |text: &[u8]| (!text.is_empty()).then(|| Text::Owned(text.to_vec()));
        let id = |id: &[u8]| id.iter().any(|byte| *byte != 0).then(|| Text::Owned(hex(id).into_bytes()));
        match self.own {
            Own::Level => Some(Text::Borrowed(level(record.severity_number, record.severity_text))),
            Own::SeverityNumber => {
                (record.severity_number != 0).then(|| Text::Owned(record.severity_number.to_string().into_bytes()))
            }
            Own::SeverityText => text(record.severity_text),
            Own::TraceId => id(record.trace_id),
            Own::SpanId => id(record.span_id),
            Own::EventName => text(record.event_name),
            Own::Flags => number(record.flags.into()),
            Own::Observed => number(record.observed_ns),
            Own::Nothing | Own::LevelAlias | Own::ScopeName | Own::ScopeVersion => None,
        }
    }

    /// The text of a record under these headers, wherever it stands.
    pub fn of_record<T>(&self, resource: &[u8], scope: &[u8], item: &[u8], see: impl Fn(&[u8]) -> T) -> T {
        if let Some(seen) = self.of_resource(resource, &see) {
            return seen;
        }
        let record = LogFields::read(item);
        if let Some(text) = self.of_fields(&record) {
            return see(&text);
        }
        if let Some(seen) = self.of_scope(scope, &see) {
            return seen;
        }
        let mut least = None;
        self.least_attribute(item, 6, &mut least);
        match least {
            Some((_, text)) => see(&text),
            None => see(self.without(record.severity_number, record.severity_text)),
        }
    }

    /// Where nothing has the label.
    pub fn without(&self, severity_number: i32, severity_text: &[u8]) -> &'static [u8] {
        if self.own == Own::LevelAlias { level(severity_number, severity_text) } else { b"" }
    }
}

/// The level by OTLP's severity number, else by the severity text.
pub fn level(number: i32, text: &[u8]) -> &'static [u8] {
    match number {
        1..=4 => return b"trace",
        5..=8 => return b"debug",
        9..=12 => return b"info",
        13..=16 => return b"warn",
        17..=20 => return b"error",
        21..=24 => return b"fatal",
        _ => {}
    }
    match &*text.to_ascii_lowercase() {
        b"trace" | b"trc" => b"trace",
        b"debug" | b"dbg" => b"debug",
        b"info" | b"inf" | b"information" | b"notice" => b"info",
        b"warn" | b"wrn" | b"warning" => b"warn",
        b"error" | b"err" => b"error",
        b"critical" => b"critical",
        b"fatal" => b"fatal",
        _ => b"unknown",
    }
}

/// All labels of a stream.
pub fn stream_labels(resource: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut by_name: BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)> = BTreeMap::new();
    each_message(resource, 1, &mut |message| {
        each_message(message, 1, &mut |pair| {
            let (key, any) = pair_of(pair);
            let own = (key.to_vec(), text_form(any_value(any)).into_owned());
            let name: Vec<u8> = label_chars(key).collect();
            let known = by_name.entry(name).or_insert_with(|| own.clone());
            if own < *known {
                *known = own;
            }
            false
        })
    });
    by_name.entry(SERVICE.to_vec()).or_insert_with(|| (Vec::new(), NO_SERVICE.to_vec()));
    by_name.into_iter().map(|(name, (_, text))| (name, text)).collect()
}

/// Letters, digits and `_` as they are, `_` for every other character, and `key_` before a digit.
fn label_chars(key: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let prefix: &[u8] = if key.first().is_some_and(u8::is_ascii_digit) { b"key_" } else { b"" };
    // Bytes that go on with a character are no character of their own.
    let chars = key.iter().filter(|byte| **byte & 0xc0 != 0x80);
    prefix.iter().copied().chain(chars.map(|byte| if byte.is_ascii_alphanumeric() { *byte } else { b'_' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stands_for_keys_that_are_written_like_it() {
        let label = Label::new("http_status_code");
        assert!(
            label.is_of(b"http.status_code")
                && label.is_of(b"http_status_code")
                && label.is_of("http•status-code".as_bytes())
        );
        assert!(!label.is_of(b"http.status") && !label.is_of(b"http.status.code.x"));
        assert!(Label::new("key_2xx").is_of(b"2xx"));
    }

    #[test]
    fn levels_are_those_of_the_number_before_those_of_the_text() {
        assert_eq!(level(17, b"INFO"), b"error");
        assert_eq!(level(0, b"Warning"), b"warn");
        assert_eq!(level(0, b"loud"), b"unknown");
    }
}
