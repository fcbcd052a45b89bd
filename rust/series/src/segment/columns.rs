//! The table of series: a row for each, a column for each label name and each soft attribute.

use hashbrown::HashMap;
use otelier_segment::encode::{Cells, Content, Encoder, Strings, Values};
use otelier_segment::write::{File, Sink, WriteError};

use super::tables::{LABEL_PREFIX, SOFT_PREFIX, Table, text_column};
use super::write::Names;
use super::{GROUP_ROWS, LEVEL};
use crate::labels;

/// A column of texts being filled.
struct Texts {
    rows: Vec<u32>,
    values: Values,
}

impl Texts {
    fn new() -> Texts {
        Texts { rows: Vec::new(), values: Values::Bytes(Strings::default()) }
    }

    fn push(&mut self, row: u32, value: &[u8]) {
        self.rows.push(row);
        if let Values::Bytes(strings) = &mut self.values {
            strings.push(value);
        }
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.values.clear();
    }
}

pub struct SeriesTable {
    file: File<Sink>,
    rows: u32,
    numbers: [Values; 3],
    labels: Vec<Texts>,
    soft: Vec<Texts>,
    label_places: HashMap<Vec<u8>, usize>,
    soft_places: HashMap<Vec<u8>, usize>,
}

impl SeriesTable {
    pub fn new(sink: Sink, names: &Names) -> Result<SeriesTable, WriteError> {
        let mut columns = Table::Series.columns();
        let text = |name: &Vec<u8>| String::from_utf8_lossy(name).into_owned();
        columns.extend(names.labels.iter().map(|name| text_column(LABEL_PREFIX, &text(name))));
        columns.extend(names.soft.iter().map(|key| text_column(SOFT_PREFIX, &text(key))));
        let places = |of: &std::collections::BTreeSet<Vec<u8>>| of.iter().cloned().zip(0..).collect();
        Ok(SeriesTable {
            file: File::with(sink, columns, Encoder::with_level(LEVEL)?)?,
            rows: 0,
            numbers: [0, 1, 2].map(|_| Values::Int32(Vec::new())),
            labels: names.labels.iter().map(|_| Texts::new()).collect(),
            soft: names.soft.iter().map(|_| Texts::new()).collect(),
            label_places: places(&names.labels),
            soft_places: places(&names.soft),
        })
    }

    /// `numbers`: of its timestamps, how many samples, and the scale. `seen` gets the place of each of its label names.
    pub fn put(
        &mut self,
        numbers: [i32; 3],
        labels: &[u8],
        soft: &[u8],
        mut seen: impl FnMut(usize),
    ) -> Result<(), WriteError> {
        for (column, number) in self.numbers.iter_mut().zip(numbers) {
            if let Values::Int32(column) = column {
                column.push(number);
            }
        }
        for (name, value) in labels::pairs(labels) {
            let place = *self.label_places.get(name).ok_or_else(|| unknown(name))?;
            self.labels[place].push(self.rows, value);
            seen(place);
        }
        for (key, value) in labels::pairs(soft) {
            let place = *self.soft_places.get(key).ok_or_else(|| unknown(key))?;
            self.soft[place].push(self.rows, value);
        }
        self.rows += 1;
        if self.rows as usize == GROUP_ROWS { self.put_group() } else { Ok(()) }
    }

    fn put_group(&mut self) -> Result<(), WriteError> {
        let count = self.rows as usize;
        let numbers = self.numbers.iter().map(|of| Cells { count, rows: None, content: Content::Values(of) });
        let texts = self.labels.iter().chain(&self.soft);
        let texts = texts.map(|of| Cells { count, rows: Some(&of.rows), content: Content::Values(&of.values) });
        self.file.put(numbers.chain(texts))?;
        self.numbers.iter_mut().for_each(Values::clear);
        self.labels.iter_mut().chain(&mut self.soft).for_each(Texts::clear);
        self.rows = 0;
        Ok(())
    }

    pub fn finish(mut self) -> Result<Sink, WriteError> {
        if self.rows > 0 {
            self.put_group()?;
        }
        Ok(self.file.finish()?)
    }
}

fn unknown(name: &[u8]) -> WriteError {
    WriteError::Disk(std::io::Error::other(format!("no column {:?} was announced", String::from_utf8_lossy(name))))
}
