//! Messages of `tempopb` on the wire. Field numbers are those of Tempo's protocol, which clients are compiled with.

use otelier_wire::protobuf::put_varint;

use super::json::element;
use super::value::{Shown, shown};
use super::{Layout, MS, NO_ROOT};
use crate::filter::value::hex;
use crate::spans::{Told, Trace};

pub fn write(told: &Told, layout: &Layout, about: usize) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for trace in &told.traces {
        let encoded = of_trace(told, layout, trace);
        match parts.last_mut().filter(|part| part.len() + encoded.len() <= about) {
            Some(part) => put_bytes(part, 1, &encoded),
            None => {
                let mut part = Vec::with_capacity(about.min(64 << 10));
                put_bytes(&mut part, 1, &encoded);
                parts.push(part);
            }
        }
    }
    parts
}

fn of_trace(told: &Told, layout: &Layout, trace: &Trace) -> Vec<u8> {
    let (mut out, row) = (Vec::new(), trace.spans.start);
    put_bytes(&mut out, 1, hex(&trace.id).trim_start_matches('0').as_bytes());
    let service = Layout::text(told, layout.root_services, row);
    put_text(&mut out, 2, if service.is_empty() { NO_ROOT } else { service });
    put_text(&mut out, 3, Layout::text(told, layout.root_names, row));
    put_number(&mut out, 4, trace.start_ns);
    put_number(&mut out, 5, trace.end_ns.saturating_sub(trace.start_ns) / MS);
    if layout.spans > 0 {
        let spanset = of_spanset(told, layout, trace);
        put_bytes(&mut out, 6, &spanset);
        put_bytes(&mut out, 7, &spanset);
    }
    for (service, spans, errors) in &told.services[trace.services.clone()] {
        let mut entry = Vec::new();
        put_text(&mut entry, 1, told.service_names.strings.get(*service as usize));
        let mut stats = Vec::new();
        put_number(&mut stats, 1, (*spans).into());
        put_number(&mut stats, 2, (*errors).into());
        put_bytes(&mut entry, 2, &stats);
        put_bytes(&mut out, 8, &entry);
    }
    out
}

fn of_spanset(told: &Told, layout: &Layout, trace: &Trace) -> Vec<u8> {
    let mut out = Vec::new();
    for row in trace.spans.clone().take(layout.spans) {
        put_bytes(&mut out, 1, &of_span(told, layout, row));
    }
    put_number(&mut out, 2, trace.matched as u64);
    out
}

fn of_span(told: &Told, layout: &Layout, row: usize) -> Vec<u8> {
    let (mut out, columns) = (Vec::new(), &told.columns);
    put_bytes(&mut out, 1, hex(columns[layout.span_ids].id(row)).as_bytes());
    put_text(&mut out, 2, Layout::text(told, layout.names, row));
    put_number(&mut out, 3, columns[layout.starts].data[row]);
    put_number(&mut out, 4, columns[layout.durations].data[row]);
    for (key, column, kind) in layout.shown {
        let Some(value) = shown(&columns[*column], row, *kind) else { continue };
        let mut attribute = Vec::new();
        put_text(&mut attribute, 1, key.as_bytes());
        put_bytes(&mut attribute, 2, &any(&value));
        put_bytes(&mut out, 5, &attribute);
    }
    out
}

/// An `AnyValue`.
fn any(value: &Shown) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Shown::Text(text) => put_bytes(&mut out, 1, text.as_bytes()),
        Shown::Bool(bool) => put_number(&mut out, 2, (*bool).into()),
        Shown::Int(int) => put_number(&mut out, 3, *int as u64),
        Shown::Double(double) => {
            out.push(4 << 3 | 1);
            out.extend_from_slice(&double.to_le_bytes());
        }
        Shown::Array(items) => {
            let mut values = Vec::new();
            items.iter().for_each(|item| put_bytes(&mut values, 1, &any(&element(item))));
            put_bytes(&mut out, 5, &values);
        }
    }
    out
}

/// What is no UTF-8 is shown as its replacement.
fn put_text(out: &mut Vec<u8>, number: u8, text: &[u8]) {
    put_bytes(out, number, String::from_utf8_lossy(text).as_bytes());
}

fn put_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    put_varint(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn put_number(out: &mut Vec<u8>, number: u8, value: u64) {
    out.push(number << 3);
    put_varint(out, value as usize);
}
