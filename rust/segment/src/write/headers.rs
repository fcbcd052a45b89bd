//! What stands around items: resources and scopes, each kept once.
//!
//! A header is an encoded ResourceSpans (ScopeSpans, ResourceLogs, ScopeLogs) without the messages it holds. The same
//! header comes with its fields and attributes in many orders, none of which means anything: they are put into one.

use hashbrown::HashMap;
use otelier_wire::protobuf::{Field, Value, fields, put_varint};

use super::attributes::{Plain, plain};
use super::intern::Interner;
use crate::encode::Strings;

/// Numbers of the headers around an item.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Around {
    pub resource: u32,
    pub scope: u32,
}

/// Field numbers of a header's inner message (Resource or InstrumentationScope) and of its attributes.
const INNER: u32 = 1;
pub const RESOURCE_ATTRIBUTES: u32 = 1;
pub const SCOPE_ATTRIBUTES: u32 = 3;

#[derive(Default)]
pub struct Headers {
    resources: Known,
    scopes: Known,
    pub services: Interner,
    /// By resource.
    service_of: Vec<Option<u32>>,
}

#[derive(Default)]
struct Known {
    /// In one order.
    canonical: Interner,
    /// Numbers by bytes as they came.
    raw: HashMap<Vec<u8>, u32>,
}

impl Known {
    fn number(&mut self, header: &[u8], attributes: u32) -> u32 {
        if let Some(number) = self.raw.get(header) {
            return *number;
        }
        let number = self.canonical.intern(&canonical(header, attributes));
        self.raw.insert(header.into(), number);
        number
    }
}

impl Headers {
    pub fn resource(&mut self, header: &[u8]) -> u32 {
        let number = self.resources.number(header, RESOURCE_ATTRIBUTES);
        if number as usize == self.service_of.len() {
            let service = service_name(self.resources.canonical.strings.get(number as usize));
            self.service_of.push(service.map(|name| self.services.intern(name)));
        }
        number
    }

    pub fn scope(&mut self, header: &[u8]) -> u32 {
        self.scopes.number(header, SCOPE_ATTRIBUTES)
    }

    pub fn resources(&self) -> &Strings {
        &self.resources.canonical.strings
    }

    pub fn scopes(&self) -> &Strings {
        &self.scopes.canonical.strings
    }

    /// The number of the resource's service, if it names one.
    #[inline]
    pub fn service(&self, resource: u32) -> Option<u32> {
        self.service_of.get(resource as usize).copied().flatten()
    }
}

/// The `service.name` of an encoded ResourceSpans or ResourceLogs, if that is a string.
pub fn service_name(header: &[u8]) -> Option<&[u8]> {
    header_attributes(header, RESOURCE_ATTRIBUTES).filter_map(plain).find_map(|(key, value)| match value {
        Plain::Text(name) if key == b"service.name" => Some(name),
        _ => None,
    })
}

/// The attributes of a header, encoded; of a scope's and a resource's they have different numbers.
pub fn header_attributes(header: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let inner = fields(header).filter_map(|field| content(field, INNER));
    inner.flat_map(move |inner| fields(inner).filter_map(move |field| content(field, number)))
}

fn content(field: Field<'_>, number: u32) -> Option<&[u8]> {
    match field.value {
        Value::Len(content) if field.number == number => Some(content),
        _ => None,
    }
}

/// The header with its fields by number, and with those of its inner message by number and attributes by key.
fn canonical(header: &[u8], attributes: u32) -> Vec<u8> {
    let mut outer: Vec<Field> = fields(header).collect();
    outer.sort_by_key(|field| field.number);
    let mut out = Vec::with_capacity(header.len());
    for field in outer {
        match field.value {
            Value::Len(inner) if field.number == INNER => {
                let mut inner: Vec<Field> = fields(inner).collect();
                inner.sort_by_key(|field| (field.number, (field.number == attributes).then(|| key(field))));
                out.push((INNER << 3 | 2) as u8);
                put_varint(&mut out, inner.iter().map(|field| field.raw.len()).sum());
                inner.iter().for_each(|field| out.extend_from_slice(field.raw));
            }
            _ => out.extend_from_slice(field.raw),
        }
    }
    out
}

fn key<'a>(attribute: &Field<'a>) -> &'a [u8] {
    let Value::Len(content) = attribute.value else { return &[] };
    let key = fields(content).find(|field| field.number == 1);
    match key.map(|field| field.value) {
        Some(Value::Len(key)) => key,
        _ => &[],
    }
}
