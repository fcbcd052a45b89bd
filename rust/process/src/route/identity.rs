//! What a resource or a time series is, as a hash that doesn't depend on the order of attributes.

use otelier_wire::index::Group;
use otelier_wire::protobuf::{Value, fields};
use otelier_wire::{Attribute, Index};

use super::crc32::Crc32;
use super::{METRIC_LEVEL, each_attribute, head, levels};

const RESOURCE_ATTRIBUTES: u32 = 1;
const SCOPE_ATTRIBUTES: u32 = 3;

/// Of all attributes of a Resource.
pub fn of_resource(resource: &[u8]) -> u32 {
    sorted(Crc32::new(), resource, RESOURCE_ATTRIBUTES, &mut Vec::new()).value()
}

/// Of each data point, in order.
pub fn of_streams(index: &Index, bytes: &[u8], mut found: impl FnMut(usize, u32)) {
    let mut scratch = Vec::new();
    // What is known of the groups around the next one: resource, scope, metric.
    let mut around = [Crc32::new(); METRIC_LEVEL + 1];
    for (group, level) in levels(index).skip(1) {
        if level <= METRIC_LEVEL {
            around[level] = header(around[level - 1], level, index, group, bytes, &mut scratch);
            continue;
        }
        let kind = data(around[METRIC_LEVEL], index, group, bytes);
        let number = match group.tag >> 3 {
            9 => 9,
            10 => 1,
            _ => 7,
        };
        for item in group.items.clone() {
            found(item, sorted(kind, index.item(item, bytes), number, &mut scratch).value());
        }
    }
}

fn header<'a>(
    around: Crc32,
    level: usize,
    index: &Index,
    group: &Group,
    bytes: &'a [u8],
    scratch: &mut Vec<Attribute<'a>>,
) -> Crc32 {
    match level {
        1 => sorted(around, head(index, group, bytes), RESOURCE_ATTRIBUTES, scratch),
        2 => {
            let scope = head(index, group, bytes);
            let named = texts(around, fields(scope).map(|field| (field.number, field.value)), &[1, 2]);
            sorted(named, scope, SCOPE_ATTRIBUTES, scratch)
        }
        // Name and unit.
        _ => texts(around, index.header(group, bytes).map(|field| (field.number, field.value)), &[1, 3]),
    }
}

/// The kind of a metric's data, temporality and monotonicity.
fn data(around: Crc32, index: &Index, group: &Group, bytes: &[u8]) -> Crc32 {
    let mut said = [group.tag, 0, 0];
    for field in index.header(group, bytes) {
        if let (number @ 2..=3, Value::Varint(value)) = (field.number, field.value) {
            said[number as usize - 1] = value as u8;
        }
    }
    around.add(&said)
}

/// The last text of each of these fields, in the order of `numbers`.
fn texts<'a>(around: Crc32, fields: impl Iterator<Item = (u32, Value<'a>)>, numbers: &[u32; 2]) -> Crc32 {
    let mut found: [&[u8]; 2] = [&[], &[]];
    for (number, value) in fields {
        if let (Some(at), Value::Len(text)) = (numbers.iter().position(|wanted| *wanted == number), value) {
            found[at] = text;
        }
    }
    found.iter().fold(around, |crc, text| framed(crc, text))
}

fn sorted<'a>(around: Crc32, message: &'a [u8], number: u32, scratch: &mut Vec<Attribute<'a>>) -> Crc32 {
    scratch.clear();
    scratch.extend(each_attribute(message, number));
    scratch.sort_by_key(|attribute| attribute.key);
    scratch.iter().fold(around, |crc, attribute| framed(framed(crc, attribute.key), attribute.encoded()))
}

/// With its length, so that "ab" and "c" are not "a" and "bc".
fn framed(crc: Crc32, bytes: &[u8]) -> Crc32 {
    crc.add(&(bytes.len() as u32).to_le_bytes()).add(bytes)
}
