//! Protobuf's JSON mapping: 64-bit numbers are texts, and what is zero is left out.

use otelier_wire::json::{write_hex, write_integer, write_unsigned};

use super::value::{Shown, shown};
use super::{Layout, MS, NO_ROOT};
use crate::spans::{Told, Trace};

pub fn write(told: &Told, layout: &Layout, metrics: &[u8]) -> Vec<u8> {
    // Of usual names and attributes, so that what was written is seldom moved.
    let about = 256 * told.traces.len() + 48 * told.services.len() + 512 * told.columns[layout.starts].len();
    let stats = |name: &[u8]| [&string(&String::from_utf8_lossy(name)), &b":{\"spanCount\":"[..]].concat();
    let services = told.service_names.strings.iter().map(stats).collect();
    let mut writer = Writer { told, layout, services, out: Vec::with_capacity(about) };
    writer.put(b"{\"traces\":[");
    for (number, trace) in told.traces.iter().enumerate() {
        if number > 0 {
            writer.out.push(b',');
        }
        writer.trace(trace);
    }
    writer.put(b"],\"metrics\":");
    writer.put(metrics);
    writer.put(b"}");
    writer.out
}

struct Writer<'a> {
    told: &'a Told,
    layout: &'a Layout<'a>,
    /// What begins the numbers of each.
    services: Vec<Vec<u8>>,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn trace(&mut self, trace: &Trace) {
        let (told, row) = (self.told, trace.spans.start);
        self.put(b"{\"traceID\":\"");
        let start = self.out.len();
        write_hex(&trace.id, &mut self.out);
        let zeros = self.out[start..].iter().take_while(|digit| **digit == b'0').count();
        self.out.drain(start..start + zeros);
        self.put(b"\",\"rootServiceName\":");
        let service = Layout::text(told, self.layout.root_services, row);
        self.text(if service.is_empty() { NO_ROOT } else { service });
        let name = Layout::text(told, self.layout.root_names, row);
        if !name.is_empty() {
            self.put(b",\"rootTraceName\":");
            self.text(name);
        }
        self.put(b",\"startTimeUnixNano\":\"");
        write_unsigned(trace.start_ns, &mut self.out);
        self.put(b"\"");
        let length_ms = trace.end_ns.saturating_sub(trace.start_ns) / MS;
        if length_ms > 0 {
            self.put(b",\"durationMs\":");
            write_unsigned(length_ms, &mut self.out);
        }
        if self.layout.spans > 0 {
            self.put(b",\"spanSets\":[");
            let start = self.out.len();
            self.spanset(trace);
            let end = self.out.len();
            self.put(b"],\"spanSet\":");
            self.out.extend_from_within(start..end);
        }
        self.services(trace);
        self.put(b"}");
    }

    fn services(&mut self, trace: &Trace) {
        self.put(b",\"serviceStats\":{");
        for (place, (service, spans, errors)) in self.told.services[trace.services.clone()].iter().enumerate() {
            if place > 0 {
                self.put(b",");
            }
            self.out.extend_from_slice(&self.services[*service as usize]);
            write_unsigned((*spans).into(), &mut self.out);
            if *errors > 0 {
                self.put(b",\"errorCount\":");
                write_unsigned((*errors).into(), &mut self.out);
            }
            self.put(b"}");
        }
        self.put(b"}");
    }

    fn spanset(&mut self, trace: &Trace) {
        self.put(b"{\"spans\":[");
        for (place, row) in trace.spans.clone().take(self.layout.spans).enumerate() {
            if place > 0 {
                self.put(b",");
            }
            self.span(row);
        }
        self.put(b"],\"matched\":");
        write_unsigned(trace.matched as u64, &mut self.out);
        self.put(b"}");
    }

    fn span(&mut self, row: usize) {
        let columns = &self.told.columns;
        self.put(b"{\"spanID\":\"");
        write_hex(columns[self.layout.span_ids].id(row), &mut self.out);
        self.put(b"\"");
        let name = Layout::text(self.told, self.layout.names, row);
        if !name.is_empty() {
            self.put(b",\"name\":");
            self.text(name);
        }
        self.put(b",\"startTimeUnixNano\":\"");
        write_unsigned(columns[self.layout.starts].data[row], &mut self.out);
        self.put(b"\"");
        let duration = columns[self.layout.durations].data[row] as i64;
        if duration != 0 {
            self.put(b",\"durationNanos\":\"");
            write_integer(duration, &mut self.out);
            self.put(b"\"");
        }
        let mut none_yet = true;
        for (key, column, kind) in self.layout.shown {
            let Some(value) = shown(&columns[*column], row, *kind) else { continue };
            self.put(if none_yet { b",\"attributes\":[{\"key\":" } else { b",{\"key\":" });
            none_yet = false;
            self.text(key.as_bytes());
            self.put(b",\"value\":");
            self.value(&value);
            self.put(b"}");
        }
        self.put(if none_yet { b"}" } else { b"]}" });
    }

    fn value(&mut self, value: &Shown) {
        match value {
            Shown::Text(text) => {
                self.put(b"{\"stringValue\":");
                self.text(text.as_bytes());
            }
            Shown::Bool(bool) => self.put(if *bool { b"{\"boolValue\":true" } else { b"{\"boolValue\":false" }),
            Shown::Int(int) => {
                self.put(b"{\"intValue\":\"");
                write_integer(*int, &mut self.out);
                self.put(b"\"");
            }
            Shown::Double(double) => {
                self.put(b"{\"doubleValue\":");
                self.double(*double);
            }
            Shown::Array(items) => {
                self.put(b"{\"arrayValue\":{\"values\":[");
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        self.put(b",");
                    }
                    self.value(&element(item));
                }
                self.put(b"]}");
            }
        }
        self.put(b"}");
    }

    fn double(&mut self, double: f64) {
        let word: &[u8] = match double {
            _ if double.is_finite() => return self.put(double_text(double).as_bytes()),
            _ if double.is_nan() => b"\"NaN\"",
            _ if double > 0.0 => b"\"Infinity\"",
            _ => b"\"-Infinity\"",
        };
        self.put(word);
    }

    /// What is no UTF-8 is shown as its replacement.
    fn text(&mut self, text: &[u8]) {
        if text.iter().all(|byte| (0x20..0x7F).contains(byte) && !matches!(byte, b'"' | b'\\')) {
            self.put(b"\"");
            self.put(text);
            self.put(b"\"");
        } else {
            let encoded = string(&String::from_utf8_lossy(text));
            self.put(&encoded);
        }
    }
}

/// An array's.
pub fn element(item: &serde_json::Value) -> Shown<'_> {
    match item {
        serde_json::Value::Bool(bool) => Shown::Bool(*bool),
        serde_json::Value::String(text) => Shown::Text(text.as_str().into()),
        item => match item.as_i64() {
            Some(int) => Shown::Int(int),
            None => Shown::Double(item.as_f64().unwrap_or_default()),
        },
    }
}

fn double_text(double: f64) -> String {
    serde_json::Value::from(double).to_string()
}

fn string(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}
