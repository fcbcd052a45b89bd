//! Remote write 1.0 and 2.0: series as protobuf.
//!
//! Formats: <https://prometheus.io/docs/specs/prw/remote_write_spec/> and
//! <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>.

use hashbrown::{HashMap, HashSet};
use otelier_wire::protobuf::{put_varint, varint_len};

use super::series::{Family, Series, Table};
use crate::message::{messages, text_field};

#[derive(Clone, Copy, PartialEq)]
pub enum Version {
    /// … with metadata or without.
    One {
        metadata: bool,
    },
    Two,
}

/// An encoded request, and what it carries.
#[derive(Default)]
pub struct Request {
    pub body: Vec<u8>,
    pub points: usize,
    pub samples: usize,
    pub histograms: usize,
    pub exemplars: usize,
}

impl Table {
    /// By lane, requests of about `max_bytes` (one series may be more).
    pub fn requests(&self, lanes: usize, version: Version, max_bytes: usize) -> Vec<Vec<Request>> {
        self.lanes(lanes).into_iter().map(|lane| self.lane(&lane, version, max_bytes)).collect()
    }

    fn lane(&self, lane: &[&Series], version: Version, max_bytes: usize) -> Vec<Request> {
        let mut requests = Vec::new();
        let mut writer = Writer::default();
        for series in lane {
            writer.add(series, self.family_of(series), version);
            if writer.size() >= max_bytes {
                requests.push(std::mem::take(&mut writer).finish());
            }
        }
        if !writer.request.body.is_empty() {
            requests.push(writer.finish());
        }
        requests
    }
}

#[derive(Default)]
struct Writer<'a> {
    request: Request,
    families: HashSet<&'a str>,
    symbols: Symbols<'a>,
    scratch: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn add(&mut self, series: &'a Series, family: &'a Family, version: Version) {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        self.labels(&series.labels, version, &mut out);
        for (value, at_ms) in &series.samples {
            out.push(0x12);
            put_varint(&mut out, 10 + varint_len(*at_ms as u64 as usize));
            put_double(1, *value, &mut out);
            put_int(2, *at_ms as u64, &mut out);
        }
        let (exemplars, histograms) = if version == Version::Two { (4, 3) } else { (3, 4) };
        for exemplar in &series.exemplars {
            let mut message = Vec::new();
            self.labels(&exemplar.labels, version, &mut message);
            put_double(2, exemplar.value, &mut message);
            put_int(3, exemplar.at_ms as u64, &mut message);
            put_len(exemplars, &message, &mut out);
        }
        for (at_ms, histogram) in &series.histograms {
            put_len(histograms, &histogram.encode(*at_ms), &mut out);
        }
        match version {
            Version::Two => {
                let mut about = Vec::new();
                put_int(1, family.kind.into(), &mut about);
                put_int(3, self.symbols.place(family.help.as_bytes()), &mut about);
                put_int(4, self.symbols.place(family.unit.as_bytes()), &mut about);
                put_len(5, &about, &mut out);
                put_len(5, &out, &mut self.request.body);
            }
            Version::One { metadata } => {
                put_len(1, &out, &mut self.request.body);
                if metadata && self.families.insert(&family.name) {
                    put_len(3, &metadata_of(family), &mut self.request.body);
                }
            }
        }
        self.scratch = out;
        self.request.points += series.points;
        self.request.samples += series.samples.len();
        self.request.histograms += series.histograms.len();
        self.request.exemplars += series.exemplars.len();
    }

    /// As they are, or as a packed list of symbols.
    fn labels(&mut self, encoded: &'a [u8], version: Version, out: &mut Vec<u8>) {
        if version != Version::Two {
            out.extend_from_slice(encoded);
            return;
        }
        let mut places = Vec::new();
        for label in messages(encoded, 1) {
            put_raw_varint(self.symbols.place(text_field(label, 1)), &mut places);
            put_raw_varint(self.symbols.place(text_field(label, 2)), &mut places);
        }
        if !places.is_empty() {
            put_len(1, &places, out);
        }
    }

    fn size(&self) -> usize {
        self.request.body.len() + self.symbols.size
    }

    fn finish(mut self) -> Request {
        if !self.symbols.all.is_empty() {
            let mut body = Vec::with_capacity(self.size() + 2);
            put_len(4, b"", &mut body);
            self.symbols.all.iter().for_each(|symbol| put_len(4, symbol, &mut body));
            body.append(&mut self.request.body);
            self.request.body = body;
        }
        self.request
    }
}

fn metadata_of(family: &Family) -> Vec<u8> {
    let mut about = Vec::new();
    put_int(1, family.kind.into(), &mut about);
    put_len(2, family.name.as_bytes(), &mut about);
    for (number, text) in [(4, &family.help), (5, &family.unit)] {
        if !text.is_empty() {
            put_len(number, text.as_bytes(), &mut about);
        }
    }
    about
}

/// Texts that stand in the request once; the first one, which is not kept here, is empty.
#[derive(Default)]
struct Symbols<'a> {
    places: HashMap<&'a [u8], u64>,
    all: Vec<&'a [u8]>,
    size: usize,
}

impl<'a> Symbols<'a> {
    fn place(&mut self, symbol: &'a [u8]) -> u64 {
        if symbol.is_empty() {
            return 0;
        }
        *self.places.entry(symbol).or_insert_with(|| {
            self.all.push(symbol);
            self.size += symbol.len() + 2;
            self.all.len() as u64
        })
    }
}

pub fn put_double(number: u32, value: f64, out: &mut Vec<u8>) {
    put_varint(out, (number << 3 | 1) as usize);
    out.extend_from_slice(&value.to_le_bytes());
}

pub fn put_int(number: u32, value: u64, out: &mut Vec<u8>) {
    put_varint(out, (number << 3) as usize);
    put_raw_varint(value, out);
}

pub fn put_len(number: u32, content: &[u8], out: &mut Vec<u8>) {
    put_varint(out, (number << 3 | 2) as usize);
    put_varint(out, content.len());
    out.extend_from_slice(content);
}

pub fn put_raw_varint(value: u64, out: &mut Vec<u8>) {
    put_varint(out, value as usize);
}
