//! A key made of several attributes, looked for where they change least: resource, scope, then the item itself.

use std::borrow::Cow;
use std::ops::Range;

use otelier_wire::protobuf::{Value, fields};
use otelier_wire::{Any, Index, Signal};

use super::crc32::Crc32;
use super::{ToText, each_attribute, head, levels, text};

type Values<'a> = Vec<Option<Cow<'a, [u8]>>>;

const RESOURCE_ATTRIBUTES: u32 = 1;
const SCOPE_ATTRIBUTES: u32 = 3;

/// Ranges of items with the hash of their key.
pub fn hash(
    signal: Signal,
    names: &[String],
    bare: bool,
    index: &Index,
    bytes: &[u8],
    mut found: impl FnMut(Range<usize>, u32),
) {
    let to_text: ToText = if bare { text::if_string } else { text::of };
    let mut around: [Values; 2] = [vec![None; names.len()], vec![None; names.len()]];
    for (group, level) in levels(index) {
        if level == 1 {
            around[0].fill(None);
            take(names, head(index, group, bytes), RESOURCE_ATTRIBUTES, to_text, &mut around[0]);
        } else if level == 2 {
            around[1] = around[0].clone();
            take(names, head(index, group, bytes), SCOPE_ATTRIBUTES, to_text, &mut around[1]);
        }
        if !group.holds_items {
            continue;
        }
        let known = &around[1];
        if known.iter().all(Option::is_some) {
            found(group.items.clone(), key(names, bare, known));
            continue;
        }
        for item in group.items.clone() {
            let mut values = known.clone();
            let content = index.item(item, bytes);
            take(names, content, item_attributes(signal, group.tag), to_text, &mut values);
            pseudo(signal, names, content, &mut values);
            found(item..item + 1, key(names, bare, &values));
        }
    }
}

/// The field number of an item's attributes; that of a data point depends on the tag of the data around it.
fn item_attributes(signal: Signal, tag: u8) -> u32 {
    match (signal, tag >> 3) {
        (Signal::Traces, _) => 9,
        (Signal::Logs, _) => 6,
        (Signal::Metrics, 9) => 9,
        (Signal::Metrics, 10) => 1,
        (Signal::Metrics, _) => 7,
    }
}

/// Fills what is missing and is there.
fn take<'a>(names: &[String], message: &'a [u8], number: u32, to_text: ToText, values: &mut Values<'a>) {
    for attribute in each_attribute(message, number) {
        for (name, value) in names.iter().zip(values.iter_mut()) {
            if value.is_none() && name.as_bytes() == attribute.key {
                *value = Some(to_text(&attribute.value()));
            }
        }
    }
}

/// What has a name like an attribute, but is a field of the item.
fn pseudo<'a>(signal: Signal, names: &[String], item: &'a [u8], values: &mut Values<'a>) {
    for (name, value) in names.iter().zip(values.iter_mut()).filter(|(_, value)| value.is_none()) {
        *value = match (signal, name.as_str()) {
            (Signal::Traces, "span.name") => Some(string(item, 5)),
            (Signal::Traces, "span.kind") => Some(Cow::Borrowed(kind(item))),
            (Signal::Logs, "log.severity") => Some(string(item, 3)),
            (Signal::Logs, "log.body") => Some(body(item)),
            _ => None,
        };
    }
}

fn string(item: &[u8], wanted: u32) -> Cow<'_, [u8]> {
    let texts = fields(item).filter_map(|field| match field.value {
        Value::Len(text) if field.number == wanted => Some(text),
        _ => None,
    });
    Cow::Borrowed(texts.last().unwrap_or_default())
}

fn kind(span: &[u8]) -> &'static [u8] {
    let kinds = fields(span).filter_map(|field| match (field.number, field.value) {
        (6, Value::Varint(kind)) => Some(kind),
        _ => None,
    });
    match kinds.last() {
        Some(1) => b"Internal",
        Some(2) => b"Server",
        Some(3) => b"Client",
        Some(4) => b"Producer",
        Some(5) => b"Consumer",
        _ => b"Unspecified",
    }
}

fn body(record: &[u8]) -> Cow<'_, [u8]> {
    let bodies = fields(record).filter_map(|field| match (field.number, field.value) {
        (5, Value::Len(body)) => Some(Any::read(body)),
        _ => None,
    });
    bodies.last().map_or(Cow::Borrowed(&[]), |body| text::of(&body))
}

fn key(names: &[String], bare: bool, values: &Values) -> u32 {
    let mut crc = Crc32::new();
    for (name, value) in names.iter().zip(values) {
        let value = value.as_deref().unwrap_or_default();
        crc = if bare { crc.add(value) } else { crc.add(name.as_bytes()).add(b"=").add(value).add(b"|") };
    }
    crc.value()
}
