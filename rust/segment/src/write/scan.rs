//! One walk over encoded requests: where each item lies, and what order and grouping need to know of it.

use bytes::Bytes;
use otelier_wire::protobuf::{Cursor, Fault, Value, What, fields};

use super::headers::{Around, Headers};

/// A span where it lies.
#[derive(Clone, Debug)]
pub struct Span {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    /// Zeros: none.
    pub parent_span_id: [u8; 8],
    pub start_ns: u64,
    pub end_ns: u64,
    pub kind: i32,
    pub around: Around,
    pub place: Place,
}

/// The encoded item (without tag and length) in a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    pub record: u32,
    start: u32,
    end: u32,
}

impl Place {
    #[inline]
    pub fn bytes<'a>(&self, records: &'a [Bytes]) -> &'a [u8] {
        &records[self.record as usize][self.start as usize..self.end as usize]
    }
}

/// An item that a scan makes a note of.
pub trait Item: Sized {
    fn read(item: &[u8], around: Around, place: Place) -> Result<Self, Fault>;
}

/// Appends the items of an encoded request, record number `record`. On a fault nothing is appended.
pub fn scan<I: Item>(request: &[u8], record: u32, headers: &mut Headers, items: &mut Vec<I>) -> Result<(), Fault> {
    let before = items.len();
    let walked = walk(
        request,
        |item, around| {
            let start = item.as_ptr() as usize - request.as_ptr() as usize;
            let place = Place { record, start: start as u32, end: (start + item.len()) as u32 };
            items.push(I::read(item, around, place)?);
            Ok(())
        },
        headers,
    );
    if walked.is_err() {
        items.truncate(before);
    }
    walked
}

/// Calls `found` with every item of a request of traces or logs.
fn walk<'a>(
    request: &'a [u8],
    mut found: impl FnMut(&'a [u8], Around) -> Result<(), Fault>,
    headers: &mut Headers,
) -> Result<(), Fault> {
    let mut header = Vec::new();
    for resource in children(request, 1, None)? {
        header.clear();
        let scopes = children(resource, 2, Some(&mut header))?;
        if scopes.is_empty() {
            continue;
        }
        let resource = headers.resource(&header);
        for scope in scopes {
            header.clear();
            let items = children(scope, 2, Some(&mut header))?;
            if items.is_empty() {
                continue;
            }
            let around = Around { resource, scope: headers.scope(&header) };
            items.into_iter().try_for_each(|item| found(item, around))?;
        }
    }
    Ok(())
}

/// The messages with this field number; what else is in the group goes to `header`.
fn children<'a>(group: &'a [u8], number: u32, mut header: Option<&mut Vec<u8>>) -> Result<Vec<&'a [u8]>, Fault> {
    let mut found = Vec::new();
    let mut walked = fields(group);
    let mut length = 0;
    for field in &mut walked {
        length += field.raw.len();
        match (field.value, &mut header) {
            (Value::Len(child), _) if field.number == number => found.push(child),
            (_, Some(header)) => header.extend_from_slice(field.raw),
            _ => {}
        }
    }
    if length == group.len() { Ok(found) } else { Err(Cursor::new(&group[length..]).fault(What::Truncated)) }
}

impl Item for Span {
    #[inline]
    fn read(item: &[u8], around: Around, place: Place) -> Result<Span, Fault> {
        let mut span = Span {
            trace_id: [0; 16],
            span_id: [0; 8],
            parent_span_id: [0; 8],
            start_ns: 0,
            end_ns: 0,
            kind: 0,
            around,
            place,
        };
        let mut cursor = Cursor::new(item);
        loop {
            // Attributes, most of a span's fields.
            while let [0x4a, length @ 0..0x80, rest @ ..] = cursor.rest
                && let Some(rest) = rest.get(usize::from(*length)..)
            {
                cursor.rest = rest;
            }
            if cursor.is_empty() {
                return Ok(span);
            }
            let tag = cursor.tag()?;
            match (tag.number(), cursor.value(tag, u32::MAX)?) {
                (1, Value::Len(id)) => span.trace_id = id.try_into().unwrap_or_default(),
                (2, Value::Len(id)) => span.span_id = id.try_into().unwrap_or_default(),
                (4, Value::Len(id)) => span.parent_span_id = id.try_into().unwrap_or_default(),
                (6, Value::Varint(kind)) => span.kind = kind as i32,
                (7, Value::Fixed64(time)) => span.start_ns = time,
                (8, Value::Fixed64(time)) => span.end_ns = time,
                _ => {}
            }
        }
    }
}
