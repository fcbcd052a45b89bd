//! What goes by on its way into the columns, gathered for the index.

use std::collections::BTreeSet;
use std::io;

use hashbrown::{HashMap, HashSet};
use otelier_wire::Signal;
use otelier_wire::protobuf::{Value, fields};

use super::attributes::{Keys, plain};
use super::headers::{Headers, RESOURCE_ATTRIBUTES, SCOPE_ATTRIBUTES, header_attributes};
use super::intern::Interner;
use super::tally::Tally;
use crate::index::format::VERSION;
use crate::index::{
    ColumnFilters, Filter, Filters, RowGroup, Summary, TraceIndex, TraceRows, each_entry, trace_prefix,
};
use crate::index::{Kind, put};
use crate::schema::AttributeType;

/// Keys without column that are listed at most.
const MAX_REST_KEYS: usize = 2_000;
/// In the list of keys: values that no column can hold.
const OTHER: usize = 4;
/// A Span's field.
const LINKS: u32 = 13;

/// Everything but what only spans have.
#[derive(Default)]
pub struct Observer {
    summary: Summary,
    traces: Vec<TraceRows>,
    ids: HashSet<[u8; 16]>,
    split: Vec<[u8; 16]>,
    filters: Vec<Filter>,
    /// Of logs: over words, by row group.
    words: Vec<Filter>,
    /// Entries of the row group's filter.
    entries: Vec<u64>,
    rest_keys: Interner,
    /// By rest key and type.
    rest_counts: Vec<[u64; 5]>,
    /// Keys of attributes of events and links; by key and type, whether there is one.
    inner_keys: [(Interner, Vec<[bool; 5]>); 2],
    room: Vec<u8>,
}

impl Observer {
    pub fn new(signal: Signal, tenant: &str) -> Observer {
        let (signal, tenant) = (signal.name().to_owned(), tenant.to_owned());
        let times = Summary { version: VERSION, min_start_ns: u64::MAX, min_end_ns: u64::MAX, ..Summary::default() };
        Observer { summary: Summary { signal, tenant, ..times }, ..Observer::default() }
    }

    /// A row's first and last moment.
    pub fn row(&mut self, start_ns: u64, end_ns: u64) {
        let summary = &mut self.summary;
        if summary.row_groups.last().is_none_or(|group| group.rows == 0) {
            summary.row_groups.pop();
            let group = RowGroup { first_row: summary.rows, rows: 0, min_start_ns: u64::MAX, max_start_ns: 0 };
            summary.row_groups.push(group);
        }
        if let Some(group) = summary.row_groups.last_mut() {
            group.rows += 1;
            group.min_start_ns = group.min_start_ns.min(start_ns);
            group.max_start_ns = group.max_start_ns.max(start_ns);
        }
        summary.rows += 1;
        summary.min_start_ns = summary.min_start_ns.min(start_ns);
        summary.max_start_ns = summary.max_start_ns.max(start_ns);
        summary.min_end_ns = summary.min_end_ns.min(end_ns);
        summary.max_end_ns = summary.max_end_ns.max(end_ns);
    }

    /// A run of rows of a trace.
    pub fn trace(&mut self, trace_id: &[u8; 16], first_row: u32, rows: u32) {
        self.ids.insert(*trace_id);
        self.traces.push(TraceRows { prefix: trace_prefix(trace_id), first_row, rows });
    }

    pub fn split_trace(&mut self, trace_id: &[u8; 16]) {
        self.split.push(*trace_id);
    }

    /// Raw fields whose attributes have no columns: of `number` attributes, of other messages theirs (`inner` number).
    pub fn raw(&mut self, raw: &[u8], number: u32, inner: Option<u32>) {
        if raw.is_empty() {
            return;
        }
        for field in fields(raw).filter(|field| field.number == number) {
            let Value::Len(content) = field.value else { continue };
            match inner {
                None => {
                    self.count_rest(content);
                    self.entry(content);
                }
                Some(inner) => fields(content).filter(|field| field.number == inner).for_each(|field| {
                    if let Value::Len(attribute) = field.value {
                        self.entry(attribute);
                        self.see_inner(attribute, number == LINKS);
                    }
                }),
            }
        }
    }

    fn entry(&mut self, attribute: &[u8]) {
        each_entry(attribute, &mut self.room, &mut |key, pair| self.entries.extend([key, pair]));
    }

    fn see_inner(&mut self, attribute: &[u8], of_link: bool) {
        let (key, of) = key_and_type(attribute);
        let (keys, seen) = &mut self.inner_keys[usize::from(of_link)];
        let key = keys.intern(key) as usize;
        if key == seen.len() {
            seen.push([false; 5]);
        }
        seen[key][of] = true;
    }

    fn count_rest(&mut self, attribute: &[u8]) {
        let (key, of) = key_and_type(attribute);
        let key = self.rest_keys.intern(key) as usize;
        if key == self.rest_counts.len() {
            self.rest_counts.push([0; 5]);
        }
        self.rest_counts[key][of] += 1;
    }

    /// Of the words of the row group that is about to be closed.
    pub fn words(&mut self, filter: Filter) {
        self.words.push(filter);
    }

    /// The row group is written: the next row begins another.
    pub fn close_group(&mut self) {
        self.filters.push(Filter::new(&mut self.entries));
        self.entries.clear();
        self.summary.row_groups.push(RowGroup::default());
    }

    /// The finished index, and its summary.
    pub fn finish(
        mut self,
        headers: &Headers,
        keys: (&Keys, &[u64]),
        tally: Option<(Tally, &Interner)>,
        (filters, file): (&ColumnFilters, (u64, u32)),
    ) -> io::Result<(Vec<u8>, Summary)> {
        self.summary.row_groups.retain(|group| group.rows > 0);
        if self.summary.rows == 0 {
            (self.summary.min_start_ns, self.summary.min_end_ns) = (0, 0);
        }
        (self.summary.bytes, self.summary.crc32c) = file;
        self.list_keys(keys.0, keys.1);
        self.list_other_keys(headers);
        let traces = TraceIndex::new(self.traces);
        self.summary.traces = self.ids.len() as u64;
        self.summary.split_traces = self.split.len() as u64;
        let tallied = match tally {
            Some((tally, names)) => Some(tally.finish(headers, names, &mut self.summary)),
            None => {
                let services = headers.services.strings.iter().map(|name| String::from_utf8_lossy(name).into_owned());
                self.summary.services = services.collect();
                self.summary.services.sort();
                None
            }
        };
        let mut out = Vec::new();
        put(&mut out, Kind::Summary, &self.summary.encode()?)?;
        put(&mut out, Kind::Traces, &traces.encode())?;
        if let Some((catalogue, rollups)) = tallied {
            put(&mut out, Kind::Catalogue, &catalogue.encode())?;
            put(&mut out, Kind::Rollups, &rollups.encode())?;
            let (services, operations) = (&self.summary.services, &self.summary.operations);
            let of_operation: Vec<u32> = operations
                .iter()
                .map(|operation| services.partition_point(|service| *service < operation.service) as u32)
                .collect();
            let by_service = rollups.by_service(|operation| of_operation[operation as usize]);
            put(&mut out, Kind::ServiceRollups, &by_service.encode())?;
        }
        put(&mut out, Kind::Numbered, &keys.0.numbered().encode())?;
        put(&mut out, Kind::Filters, &Filters(self.filters).encode())?;
        put(&mut out, Kind::ColumnFilters, &filters.encode())?;
        if !self.words.is_empty() {
            put(&mut out, Kind::Words, &Filters(self.words).encode())?;
        }
        if !self.split.is_empty() {
            put(&mut out, Kind::Split, self.split.as_flattened())?;
        }
        Ok((out, self.summary))
    }

    fn list_other_keys(&mut self, headers: &Headers) {
        let type_name = |of: usize| AttributeType::ALL.get(of).map_or("other", |of| of.name()).to_owned();
        let text = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
        let mut all = BTreeSet::new();
        for (scope, (keys, seen)) in ["event", "link"].into_iter().zip(&self.inner_keys) {
            for (key, types) in keys.strings.iter().zip(seen) {
                let types = (0..types.len()).filter(|of| types[*of]);
                all.extend(types.map(|of| (scope.to_owned(), text(key), type_name(of))));
            }
        }
        for (scope, strings, number) in
            [("resource", headers.resources(), RESOURCE_ATTRIBUTES), ("scope", headers.scopes(), SCOPE_ATTRIBUTES)]
        {
            for attribute in strings.iter().flat_map(|header| header_attributes(header, number)) {
                let (key, of) = key_and_type(attribute);
                all.insert((scope.to_owned(), text(key), type_name(of)));
            }
        }
        self.summary.other_keys = all.into_iter().collect();
    }

    fn list_keys(&mut self, keys: &Keys, totals: &[u64]) {
        let listed = |key: &str, of: &str, spans, column| crate::index::Key {
            key: key.to_owned(),
            of: of.to_owned(),
            spans,
            column,
        };
        let mut all: HashMap<(String, &'static str), (u64, bool)> = HashMap::new();
        for ((of, key, _), total) in keys.columns.iter().zip(totals) {
            let (spans, column) = all.entry((key.clone(), of.name())).or_default();
            (*spans, *column) = (*spans + total, true);
        }
        for (key, counts) in self.rest_keys.strings.iter().zip(&self.rest_counts) {
            let key = String::from_utf8_lossy(key);
            for (of, spans) in counts.iter().enumerate().filter(|(_, spans)| **spans > 0) {
                let of = AttributeType::ALL.get(of).map_or("other", |of| of.name());
                all.entry((key.to_string(), of)).or_default().0 += spans;
            }
        }
        let (with, mut without): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, (_, column))| *column);
        without.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
        self.summary.keys_left_out = without.len().saturating_sub(MAX_REST_KEYS) as u64;
        without.truncate(MAX_REST_KEYS);
        let list = with.into_iter().chain(without).map(|((key, of), (spans, column))| listed(&key, of, spans, column));
        self.summary.keys = list.collect();
        self.summary.keys.sort();
    }
}

fn key_and_type(attribute: &[u8]) -> (&[u8], usize) {
    match plain(attribute) {
        Some((key, value)) => (key, value.kind() as usize),
        None => (key_of(attribute), OTHER),
    }
}

/// The key of an encoded KeyValue, whatever its value.
fn key_of(attribute: &[u8]) -> &[u8] {
    let key = fields(attribute).find(|field| field.number == 1);
    match key.map(|field| field.value) {
        Some(Value::Len(key)) => key,
        _ => &[],
    }
}
