//! The write-ahead log: the newest samples, which are in no block yet, and those that came out of order.
//!
//! Format: <https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/wal.md>. What cannot be read in a file costs
//! the rest of that file; the end of the last one may just be written.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::Disk;

use super::faults::{Fault, Faults, OpenError};
use super::pieces::{Cut, be32, listed};
use crate::chunk::{CUSTOM, Native};
use crate::labels;
use crate::samples::{Builder, Samples, Text};

const PAGE: usize = 32 << 10;
const HEADER: usize = 7;
const SNAPPY: u8 = 1 << 3;
const ZSTD: u8 = 1 << 4;
const KIND: u8 = 7;
/// No record is longer, decompressed.
const MAX_RECORD: usize = 256 << 20;
/// Samples that are given at once, about.
const BATCH: usize = 500_000;
const GAUGE: u8 = 3;

#[derive(Debug)]
pub struct Wal {
    disk: Arc<dyn Disk>,
    /// The checkpoint's, then the log's, then those of samples out of order.
    files: Vec<String>,
    next: usize,
    open: Option<Records>,
    series: HashMap<u64, Bytes>,
    deleted: HashMap<u64, Vec<(i64, i64)>>,
    pub faults: Faults,
}

/// The records of a file.
#[derive(Debug)]
struct Records {
    path: String,
    bytes: Bytes,
    at: usize,
}

impl Wal {
    /// Of a data directory (empty: the disk's root). Reads all series at once.
    pub fn open(disk: Arc<dyn Disk>, directory: &str) -> Result<Wal, OpenError> {
        let inside = |name: &str| if directory.is_empty() { name.into() } else { format!("{directory}/{name}") };
        let (wal, wbl): (String, String) = (inside("wal"), inside("wbl"));
        let names = listed(&*disk, &wal)?;
        let checkpoint = names.iter().filter_map(|name| name.strip_prefix("checkpoint.")?.parse::<u64>().ok()).max();
        let mut files = Vec::new();
        if let Some(number) = checkpoint {
            // Its digits are as many as those of segments.
            let name =
                names.iter().find(|name| name.strip_prefix("checkpoint.").and_then(|n| n.parse().ok()) == Some(number));
            let folder = format!("{wal}/{}", name.map_or("", String::as_str));
            files.extend(numbered(&listed(&*disk, &folder)?).map(|(_, name)| format!("{folder}/{name}")));
        }
        let later = numbered(&names).filter(|(number, _)| checkpoint.is_none_or(|last| *number > last));
        files.extend(later.map(|(_, name)| format!("{wal}/{name}")));
        files.extend(numbered(&listed(&*disk, &wbl)?).map(|(_, name)| format!("{wbl}/{name}")));
        let mut wal = Wal {
            disk,
            files,
            next: 0,
            open: None,
            series: HashMap::new(),
            deleted: HashMap::new(),
            faults: Faults::default(),
        };
        while let Some(record) = wal.record()? {
            let read = match record.first() {
                Some(1) => wal.learn(&record[1..]),
                Some(3) => wal.delete(&record[1..]),
                _ => Some(()),
            };
            wal.note(read, "a record of series or deletions can't be read");
        }
        wal.next = 0;
        Ok(wal)
    }

    pub fn series(&self) -> usize {
        self.series.len()
    }

    /// The next samples; None at the end.
    pub fn read(&mut self) -> Result<Option<Samples>, OpenError> {
        let mut reading = Reading { builder: Builder::default(), known: HashMap::new(), samples: 0 };
        let mut any = false;
        while reading.samples < BATCH {
            let Some(record) = self.record()? else { break };
            any = true;
            let Some((kind, body)) = record.split_first() else { continue };
            let read = match kind {
                2 => reading.floats(self, body),
                4 => reading.exemplars(self, body),
                6 => reading.metadata(self, body),
                7 | 9 => reading.natives(self, body, false),
                8 | 10 => reading.natives(self, body, true),
                11..=13 => {
                    self.note(None, "samples have start timestamps, an experimental encoding that is not read");
                    Some(())
                }
                // Series and deletions are known, places of chunks are not needed.
                _ => Some(()),
            };
            self.note(read, "a record of samples can't be read");
        }
        Ok(any.then(|| reading.builder.finish()))
    }

    /// The next record of whichever file.
    fn record(&mut self) -> Result<Option<Vec<u8>>, OpenError> {
        loop {
            if self.open.is_none() {
                let Some(path) = self.files.get(self.next) else { return Ok(None) };
                let bytes = self.disk.read(path).map_err(|error| OpenError::Disk(path.clone(), error))?;
                self.open = Some(Records { path: path.clone(), bytes, at: 0 });
                self.next += 1;
            }
            let Some(open) = &mut self.open else { continue };
            match open.next_record() {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => self.open = None,
                Err(what) => {
                    let is_last = self.files.get(self.next).is_none_or(|next| parent(next) != parent(&open.path));
                    if !(is_last && open.is_at_end()) {
                        self.faults.add(Fault::new(&open.path, open.at as u64, what));
                    }
                    self.open = None;
                }
            }
        }
    }

    fn note(&mut self, read: Option<()>, what: &str) {
        if read.is_none()
            && let Some(open) = &self.open
        {
            self.faults.add(Fault::new(&open.path, open.at as u64, format!("{what}; it ends there")));
        }
    }

    fn learn(&mut self, body: &[u8]) -> Option<()> {
        let mut cut = Cut(body);
        while !cut.0.is_empty() {
            let reference = cut.be64()?;
            let labels = encoded(&mut cut)?;
            // One that can't be has no samples then.
            if let Some(labels) = labels {
                self.series.insert(reference, labels.into());
            }
        }
        Some(())
    }

    fn delete(&mut self, body: &[u8]) -> Option<()> {
        let mut cut = Cut(body);
        while !cut.0.is_empty() {
            let (reference, start, end) = (cut.be64()?, cut.signed()?, cut.signed()?);
            self.deleted.entry(reference).or_default().push((start, end));
        }
        Some(())
    }

    fn is_deleted(&self, reference: u64, ms: i64) -> bool {
        let deleted = self.deleted.get(&reference);
        deleted.is_some_and(|all| all.iter().any(|(start, end)| (*start..=*end).contains(&ms)))
    }
}

impl Records {
    /// None at the end; an error says what is wrong at `at`.
    fn next_record(&mut self) -> Result<Option<Vec<u8>>, &'static str> {
        let mut record = Vec::new();
        let mut begun = false;
        loop {
            let left = PAGE - self.at % PAGE;
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if left < HEADER || rest.first() == Some(&0) {
                self.at += left;
                continue;
            }
            let Some((header, rest)) = rest.split_at_checked(HEADER) else {
                return if rest.is_empty() && !begun { Ok(None) } else { Err("it is cut off") };
            };
            let length = usize::from(u16::from_be_bytes([header[1], header[2]]));
            let Some(data) = rest.get(..length).filter(|_| HEADER + length <= left) else {
                return Err("a record is cut off");
            };
            if be32(&header[3..]) != Some(crc32c::crc32c(data)) {
                return Err("a record is damaged; the rest of the file is left out");
            }
            record.extend_from_slice(data);
            match (header[0] & KIND, begun) {
                (2, false) | (3, true) => begun = true,
                (1, false) | (4, true) => {
                    self.at += HEADER + length;
                    return unpacked(header[0], record).map(Some);
                }
                _ => return Err("parts of a record are missing; the rest of the file is left out"),
            }
            if record.len() > MAX_RECORD {
                return Err("a record is too long");
            }
            self.at += HEADER + length;
        }
    }

    /// Whether nothing is behind the page that is being written.
    fn is_at_end(&self) -> bool {
        self.bytes.len().saturating_sub(self.at) <= PAGE
    }
}

fn unpacked(flags: u8, record: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    let damaged = "a record can't be decompressed; the rest of the file is left out";
    if flags & SNAPPY != 0 {
        let fits = snap::raw::decompress_len(&record).is_ok_and(|length| length <= MAX_RECORD);
        return if fits {
            snap::raw::Decoder::new().decompress_vec(&record).map_err(|_| damaged)
        } else {
            Err(damaged)
        };
    }
    if flags & ZSTD != 0 {
        return zstd::bulk::decompress(&record, MAX_RECORD).map_err(|_| damaged);
    }
    Ok(record)
}

/// Samples of one batch.
struct Reading {
    builder: Builder,
    /// By reference.
    known: HashMap<u64, u32>,
    samples: usize,
}

impl Reading {
    /// The number of a series here; inside, None if nobody knows it. None if there is no room for its labels.
    fn series(&mut self, wal: &Wal, reference: u64) -> Option<Option<u32>> {
        if let Some(known) = self.known.get(&reference) {
            return Some(Some(*known));
        }
        let Some(labels) = wal.series.get(&reference) else { return Some(None) };
        let labels = self.builder.copy(labels).ok()?;
        let number = self.builder.series(labels, Text::default());
        self.known.insert(reference, number);
        Some(Some(number))
    }

    /// Each: reference and time; `put` reads the rest and says how to keep it.
    fn each(
        &mut self,
        wal: &Wal,
        body: &[u8],
        mut put: impl FnMut(&mut Builder, &mut Cut, Option<u32>, i64) -> Option<()>,
    ) -> Option<()> {
        let mut cut = Cut(body);
        if cut.0.is_empty() {
            return Some(());
        }
        let (base, first_ms) = (cut.be64()?, cut.be64()? as i64);
        while !cut.0.is_empty() {
            let reference = base.wrapping_add_signed(cut.signed()?);
            let ms = first_ms.wrapping_add(cut.signed()?);
            let series = self.series(wal, reference)?.filter(|_| !wal.is_deleted(reference, ms));
            self.samples += 1;
            put(&mut self.builder, &mut cut, series, ms)?;
        }
        Some(())
    }

    fn floats(&mut self, wal: &Wal, body: &[u8]) -> Option<()> {
        self.each(wal, body, |builder, cut, series, ms| {
            let bits = cut.be64()?;
            if let Some(series) = series {
                builder.sample(series, ms, bits);
            }
            Some(())
        })
    }

    fn exemplars(&mut self, wal: &Wal, body: &[u8]) -> Option<()> {
        self.each(wal, body, |builder, cut, series, ms| {
            let (bits, labels) = (cut.be64()?, encoded(cut)?);
            if let (Some(series), Some(labels)) = (series, labels) {
                let labels = builder.copy(&labels).ok()?;
                builder.exemplar(series, ms, bits, labels);
            }
            Some(())
        })
    }

    fn natives(&mut self, wal: &Wal, body: &[u8], is_float: bool) -> Option<()> {
        self.each(wal, body, |builder, cut, series, ms| {
            let native = native(cut, is_float)?;
            if let Some(series) = series {
                let message = builder.copy(&native.message()).ok()?;
                builder.histogram(series, ms, message);
            }
            Some(())
        })
    }

    fn metadata(&mut self, wal: &Wal, body: &[u8]) -> Option<()> {
        let mut cut = Cut(body);
        while !cut.0.is_empty() {
            let reference = cut.unsigned()?;
            let kind = *cut.bytes(1)?.first()?;
            let (mut unit, mut help): (&[u8], &[u8]) = (b"", b"");
            for _ in 0..cut.unsigned()? {
                let (name, value) = (cut.text()?, cut.text()?);
                match name {
                    b"UNIT" => unit = value,
                    b"HELP" => help = value,
                    _ => {}
                }
            }
            let name = wal.series.get(&reference).and_then(|labels| labels::value(labels, labels::NAME));
            if let Some(name) = name {
                let copy = |builder: &mut Builder, text: &[u8]| {
                    let valid = simdutf8::basic::from_utf8(text).is_ok();
                    builder.copy(if valid { text } else { b"" }).ok()
                };
                let builder = &mut self.builder;
                let (name, help, unit) = (copy(builder, name)?, copy(builder, help)?, copy(builder, unit)?);
                builder.metadata(name, if kind < 8 { kind } else { 0 }, help, unit);
            }
        }
        Some(())
    }
}

fn native(cut: &mut Cut, is_float: bool) -> Option<Native> {
    let mut native = Native { is_float, ..Native::default() };
    native.is_gauge = *cut.bytes(1)?.first()? == GAUGE;
    native.layout.schema = cut.signed()?;
    native.layout.zero_threshold = cut.be64()?;
    native.zero_count = if is_float { cut.be64()? } else { cut.unsigned()? };
    native.count = if is_float { cut.be64()? } else { cut.unsigned()? };
    native.sum = cut.be64()?;
    for side in [&mut native.layout.positive, &mut native.layout.negative] {
        for _ in 0..cut.unsigned()? {
            side.push((cut.signed()?, cut.unsigned()?));
        }
    }
    for side in [&mut native.positive, &mut native.negative] {
        for _ in 0..cut.unsigned()? {
            side.push(if is_float { cut.be64()? } else { cut.signed()? as u64 });
        }
    }
    if native.layout.schema == CUSTOM {
        for _ in 0..cut.unsigned()? {
            native.layout.bounds.push(cut.be64()?);
        }
    }
    Some(native)
}

/// A label set in canonical form; inside, None if it can't be one.
fn encoded(cut: &mut Cut) -> Option<Option<Vec<u8>>> {
    let mut pairs = Vec::new();
    for _ in 0..cut.unsigned()? {
        pairs.push((cut.text()?, cut.text()?));
    }
    let is_text = |bytes: &[u8]| simdutf8::basic::from_utf8(bytes).is_ok();
    let all_text = pairs.iter().all(|(name, value)| is_text(name) && is_text(value));
    let mut out = Vec::new();
    let fine = all_text && labels::put_sorted(&mut out, &mut pairs).is_ok();
    Some(fine.then_some(out))
}

/// Files whose names are numbers, in their order.
fn numbered(names: &[String]) -> impl Iterator<Item = (u64, &String)> {
    let mut all: Vec<(u64, &String)> = names.iter().filter_map(|name| Some((name.parse().ok()?, name))).collect();
    all.sort_unstable();
    all.into_iter()
}

fn parent(path: &str) -> &str {
    otelier_disk::disk::parent(path)
}
