//! Writes a segment, one series after the other.

use std::collections::BTreeSet;
use std::io;

use bytes::Bytes;
use otelier_disk::{Disk, disk::parent, ensure_dir};
use otelier_segment::encode::{Cells, Content, Encoder, Strings, Values};
use otelier_segment::hash::mix;
use otelier_segment::write::{File, Sink, WriteError};

use super::columns::SeriesTable;
use super::samples::Samples;
use super::tables::{INDEX, Table};
use super::times::Times;
use super::{GROUP_ROWS, LEVEL, Metric, Summary, Written};
use crate::labels;

/// Label names and keys of soft attributes of all series to come: columns must be known before rows.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub labels: BTreeSet<Vec<u8>>,
    pub soft: BTreeSet<Vec<u8>>,
}

impl Names {
    pub fn add(&mut self, labels: &[u8], soft: &[u8]) {
        for (of, names) in [(labels, &mut self.labels), (soft, &mut self.soft)] {
            for (name, _) in labels::pairs(of) {
                if !names.contains(name) {
                    names.insert(name.to_vec());
                }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    pub ms: i64,
    pub message: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemplar {
    pub ms: i64,
    pub bits: u64,
    /// A label set.
    pub labels: Bytes,
}

/// A series with all that belongs to it, each list by ascending time; no time is both a float's and a histogram's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    pub labels: &'a [u8],
    pub soft: &'a [u8],
    pub ms: &'a [i64],
    pub bits: &'a [u64],
    pub histograms: &'a [Histogram],
    pub exemplars: &'a [Exemplar],
}

pub struct Writer<'a> {
    disk: &'a dyn Disk,
    path: String,
    summary: Summary,
    series: SeriesTable,
    times: Times,
    samples: Samples,
    histograms: Option<Rows>,
    exemplars: Option<Rows>,
    metadata: Option<Rows>,
}

impl<'a> Writer<'a> {
    /// In a directory below `segments`; `now_ns` and `seed` make its name.
    pub fn new(
        disk: &'a dyn Disk,
        segments: &str,
        tenant: &str,
        names: &Names,
        now_ns: u64,
        seed: u64,
    ) -> Result<Writer<'a>, WriteError> {
        let directory = format!("{segments}/{tenant}");
        ensure_dir(disk, &directory)?;
        let name = |attempt| format!("{directory}/{now_ns:020}-{:016x}{INDEX}", mix(seed, attempt));
        let free = |path: &String| !disk.exists(&Table::Series.path(path)) && !disk.exists(path);
        let path = (0..).map(name).find(free).ok_or_else(|| io::Error::other("no name is free"))?;
        let sink = |table: Table| Sink::create(disk, &table.path(&path));
        let mut summary = Summary::new(tenant);
        let text = |name: &Vec<u8>| String::from_utf8_lossy(name).into_owned();
        summary.labels = names.labels.iter().map(text).collect();
        summary.soft = names.soft.iter().map(text).collect();
        Ok(Writer {
            disk,
            series: SeriesTable::new(sink(Table::Series)?, names)?,
            times: Times::new(sink(Table::Times)?, mix(seed, now_ns))?,
            samples: Samples::new(sink(Table::Samples)?)?,
            histograms: None,
            exemplars: None,
            metadata: None,
            summary,
            path,
        })
    }

    /// The next series in [`crate::order`].
    pub fn put(&mut self, input: &Input) -> Result<(), WriteError> {
        let name = labels::value(input.labels, labels::NAME).unwrap_or_default();
        let summary = &mut self.summary;
        let number = summary.series;
        if summary.metrics.last().is_none_or(|metric| metric.name.as_bytes() != name) {
            let name = String::from_utf8_lossy(name).into_owned();
            summary.metrics.push(Metric { name, first: number, labels: Vec::new() });
        }
        let times = self.times.number(input.ms)?;
        let scale = self.samples.put(input.bits)?;
        let metric = summary.metrics.last_mut();
        let mut places = metric.map(|metric| &mut metric.labels);
        self.series.put([times as i32, input.bits.len() as i32, scale], input.labels, input.soft, |place| {
            if let Some(places) = &mut places
                && let Err(at) = places.binary_search(&(place as u32))
            {
                places.insert(at, place as u32);
            }
        })?;
        for histogram in input.histograms {
            let rows = Rows::of(&mut self.histograms, self.disk, &self.path, Table::Histograms)?;
            rows.put(&[Cell::Int(number.into()), Cell::Int(histogram.ms), Cell::Bytes(&histogram.message)])?;
        }
        for exemplar in input.exemplars {
            let rows = Rows::of(&mut self.exemplars, self.disk, &self.path, Table::Exemplars)?;
            let Exemplar { ms, bits, labels } = exemplar;
            rows.put(&[Cell::Int(number.into()), Cell::Int(*ms), Cell::Float(*bits), Cell::Bytes(labels)])?;
        }
        summary.series = number.checked_add(1).ok_or_else(|| io::Error::other("too many series for one segment"))?;
        summary.samples += input.bits.len() as u64;
        summary.histograms += input.histograms.len() as u64;
        summary.exemplars += input.exemplars.len() as u64;
        let ends = [input.ms.first(), input.ms.last()].into_iter().flatten().copied();
        let natives = [input.histograms.first(), input.histograms.last()].into_iter().flatten().map(|each| each.ms);
        let exemplars = [input.exemplars.first(), input.exemplars.last()].into_iter().flatten().map(|each| each.ms);
        for ms in ends.chain(natives).chain(exemplars) {
            summary.min_ms = summary.min_ms.min(ms);
            summary.max_ms = summary.max_ms.max(ms);
        }
        Ok(())
    }

    /// What a family of metrics is: name, type, help, unit.
    pub fn put_metadata(&mut self, family: [&[u8]; 4]) -> Result<(), WriteError> {
        let rows = Rows::of(&mut self.metadata, self.disk, &self.path, Table::Metadata)?;
        rows.put(&family.map(Cell::Bytes))
    }

    /// Whether no series was written.
    pub fn is_empty(&self) -> bool {
        self.summary.series == 0
    }

    /// Takes back what was begun.
    pub fn abandon(self) -> Result<(), WriteError> {
        let Writer { disk, path, .. } = self;
        for table in Table::ALL {
            let file = table.path(&path);
            if disk.exists(&file) {
                disk.unlink(&file)?;
            }
        }
        Ok(())
    }

    /// Makes all of it durable. `ms` is the time of a segment without samples.
    pub fn finish(mut self, ms: i64) -> Result<Written, WriteError> {
        if self.summary.min_ms > self.summary.max_ms {
            (self.summary.min_ms, self.summary.max_ms) = (ms, ms);
        }
        let mut bytes = 0;
        let mut note = |table: Table, sink: Sink, summary: &mut Summary| -> Result<(), WriteError> {
            let (length, crc32c) = sink.finish()?;
            summary.files.insert(table.name().into(), (length, crc32c));
            bytes += length;
            Ok(())
        };
        let (samples, groups) = self.samples.finish()?;
        self.summary.sample_groups = groups;
        note(Table::Series, self.series.finish()?, &mut self.summary)?;
        note(Table::Times, self.times.finish()?, &mut self.summary)?;
        note(Table::Samples, samples, &mut self.summary)?;
        for rows in [self.histograms, self.exemplars, self.metadata].into_iter().flatten() {
            let table = rows.table;
            note(table, rows.finish()?, &mut self.summary)?;
        }
        bytes += self.summary.write(self.disk, &self.path)?;
        self.disk.sync_dir(parent(&self.path))?;
        Ok(Written { path: self.path, summary: self.summary, bytes })
    }
}

enum Cell<'a> {
    Int(i64),
    Float(u64),
    Bytes(&'a [u8]),
}

/// A table of its own that few segments have.
struct Rows {
    table: Table,
    file: File<Sink>,
    columns: Vec<Values>,
    count: usize,
}

impl Rows {
    fn of<'a>(
        rows: &'a mut Option<Rows>,
        disk: &dyn Disk,
        path: &str,
        table: Table,
    ) -> Result<&'a mut Rows, WriteError> {
        if rows.is_none() {
            let sink = Sink::create(disk, &table.path(path))?;
            let columns = table.columns();
            let empty = columns.iter().map(|column| match column.cell {
                otelier_segment::schema::Cell::Int32 => Values::Int32(Vec::new()),
                otelier_segment::schema::Cell::Int64 => Values::Int64(Vec::new()),
                otelier_segment::schema::Cell::Double => Values::Double(Vec::new()),
                _ => Values::Bytes(Strings::default()),
            });
            let empty = empty.collect();
            let file = File::with(sink, columns, Encoder::with_level(LEVEL)?)?;
            *rows = Some(Rows { table, file, columns: empty, count: 0 });
        }
        rows.as_mut().ok_or_else(|| WriteError::Disk(io::Error::other("a table is missing")))
    }

    fn put(&mut self, cells: &[Cell]) -> Result<(), WriteError> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            match (column, cell) {
                (Values::Int32(column), Cell::Int(number)) => column.push(*number as i32),
                (Values::Int64(column), Cell::Int(number)) => column.push(*number),
                (Values::Double(column), Cell::Float(bits)) => column.push(*bits),
                (Values::Bytes(column), Cell::Bytes(bytes)) => column.push(bytes),
                _ => {}
            }
        }
        self.count += 1;
        if self.count == GROUP_ROWS { self.put_group() } else { Ok(()) }
    }

    fn put_group(&mut self) -> Result<(), WriteError> {
        let count = self.count;
        let cells = self.columns.iter().map(|of| Cells { count, rows: None, content: Content::Values(of) });
        self.file.put(cells)?;
        self.columns.iter_mut().for_each(Values::clear);
        self.count = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Sink, WriteError> {
        if self.count > 0 {
            self.put_group()?;
        }
        Ok(self.file.finish()?)
    }
}
