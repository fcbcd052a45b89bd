//! One segment: its summary in memory, everything else when it is asked for.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use otelier_disk::Disk;
use otelier_segment::error::ReadError;
use otelier_segment::write::WriteError;
use parking_lot::Mutex;

use super::list::Lists;
use super::natives::Natives;
use super::row_labels::RowLabels;
use super::samples::FirstPages;
use super::{Coded, TableFile};
use crate::segment::tables::{LABEL_PREFIX, SAMPLES, SCALE, SOFT_PREFIX, TIMES};
use crate::segment::{BLOCK, GROUP_ROWS, Summary, Table};

#[derive(Debug)]
pub struct Segment {
    pub path: String,
    pub summary: Summary,
    disk: Arc<dyn Disk>,
    series: TableFile,
    samples: OnceLock<TableFile>,
    lists: OnceLock<Lists>,
    natives: OnceLock<Option<Natives>>,
    numbers: Vec<OnceLock<Numbers>>,
    first_pages: Vec<FirstPages>,
    coded: Mutex<CodedColumns>,
}

/// By row group and column; `None`: no row has a value.
type CodedColumns = HashMap<(usize, usize), Option<Arc<Coded>>>;

/// What a row group of the table of series says in numbers.
#[derive(Debug)]
pub struct Numbers {
    /// Its first row.
    pub first: usize,
    pub lists: Vec<u32>,
    pub samples: Vec<u32>,
    pub scales: Vec<i32>,
}

/// A column of labels or soft attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

impl Place {
    pub fn number(self) -> usize {
        self.0
    }
}

impl Segment {
    pub fn open(disk: &Arc<dyn Disk>, path: &str) -> Result<Segment, ReadError> {
        let summary = Summary::read(&**disk, path).map_err(|error| match error {
            WriteError::Disk(error) => ReadError::io(path, error),
            WriteError::Damaged { what, .. } => ReadError::damaged(path, what),
        })?;
        let series = TableFile::open(&**disk, Table::Series.path(path))?;
        let rows = summary.series as usize;
        let expected = (0..rows).step_by(GROUP_ROWS).map(|first| GROUP_ROWS.min(rows - first));
        if !series.groups().eq(expected)
            || summary.sample_groups.iter().any(|first| !first.is_multiple_of(BLOCK as u32))
        {
            return Err(series.damaged("it has other row groups than its index says"));
        }
        Ok(Segment {
            path: path.into(),
            numbers: series.groups().map(|_| OnceLock::new()).collect(),
            first_pages: summary.sample_groups.iter().map(|_| OnceLock::new()).collect(),
            summary,
            disk: disk.clone(),
            series,
            samples: OnceLock::new(),
            lists: OnceLock::new(),
            natives: OnceLock::new(),
            coded: Mutex::default(),
        })
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        let coded: usize = self.coded.lock().values().flatten().map(|coded| coded.size()).sum();
        let numbers = self.numbers.iter().filter_map(OnceLock::get).map(|numbers| 12 * numbers.lists.len());
        let metrics = self.summary.metrics.iter().map(|metric| 64 + metric.name.len() + 4 * metric.labels.len());
        let natives = self.natives.get().and_then(Option::as_ref).map_or(0, Natives::size);
        let lists = self.lists.get().map_or(0, Lists::size);
        coded + numbers.sum::<usize>() + metrics.sum::<usize>() + lists + natives + 4096
    }

    /// A table that it may not have.
    pub fn table(&self, table: Table) -> Result<Option<TableFile>, ReadError> {
        let there = self.summary.files.contains_key(table.name());
        there.then(|| TableFile::open(&*self.disk, table.path(&self.path))).transpose()
    }

    pub fn samples(&self) -> Result<&TableFile, ReadError> {
        if let Some(known) = self.samples.get() {
            return Ok(known);
        }
        let file = TableFile::open(&*self.disk, Table::Samples.path(&self.path))?;
        Ok(self.samples.get_or_init(|| file))
    }

    pub fn lists(&self) -> Result<&Lists, ReadError> {
        if let Some(known) = self.lists.get() {
            return Ok(known);
        }
        let lists = Lists::new(TableFile::open(&*self.disk, Table::Times.path(&self.path))?)?;
        Ok(self.lists.get_or_init(|| lists))
    }

    /// Its native histograms, if it has any.
    pub fn natives(&self) -> Result<Option<&Natives>, ReadError> {
        if let Some(known) = self.natives.get() {
            return Ok(known.as_ref());
        }
        let natives = Natives::open(self)?;
        Ok(self.natives.get_or_init(|| natives).as_ref())
    }

    pub(super) fn first_pages_of(&self, group: usize) -> Result<&FirstPages, ReadError> {
        self.first_pages.get(group).ok_or_else(|| self.series.damaged("a row group is missing"))
    }

    /// Of the row group that a row lies in.
    pub fn numbers(&self, row: usize) -> Result<&Numbers, ReadError> {
        let group = row / GROUP_ROWS;
        let cell = self.numbers.get(group).ok_or_else(|| self.series.damaged("a row is missing"))?;
        if let Some(known) = cell.get() {
            return Ok(known);
        }
        let column = |name| self.series.ints(group, self.series.needed(name)?, 0..self.series.rows(group)?);
        let unsigned = |numbers: Vec<i64>| numbers.into_iter().map(|number| number as u32).collect();
        let numbers = Numbers {
            first: group * GROUP_ROWS,
            lists: unsigned(column(TIMES)?),
            samples: unsigned(column(SAMPLES)?),
            scales: column(SCALE)?.into_iter().map(|scale| scale as i32).collect(),
        };
        let lists = self.lists()?;
        if numbers.lists.iter().zip(&numbers.samples).any(|(list, count)| lists.len(*list) != *count as usize) {
            return Err(self.series.damaged("a series has not as many samples as timestamps"));
        }
        Ok(cell.get_or_init(|| numbers))
    }

    /// The list that has the timestamps of a series' floats.
    pub fn list_of(&self, row: usize) -> Result<u32, ReadError> {
        let numbers = self.numbers(row)?;
        Ok(numbers.lists[row - numbers.first])
    }

    /// The column of the label with this place in the summary.
    pub fn label(&self, place: u32) -> Result<Place, ReadError> {
        let name = self.summary.labels.get(place as usize).map_or("", String::as_str);
        self.series.needed(&[LABEL_PREFIX, name].concat()).map(Place)
    }

    /// The column of a soft attribute.
    pub fn soft(&self, key: &str) -> Result<Place, ReadError> {
        self.series.needed(&[SOFT_PREFIX, key].concat()).map(Place)
    }

    /// The part of a column in the row group that a row lies in; `None` if no row there has a value.
    pub fn coded(&self, row: usize, place: Place) -> Result<Option<Arc<Coded>>, ReadError> {
        let key = (row / GROUP_ROWS, place.0);
        if let Some(known) = self.coded.lock().get(&key) {
            return Ok(known.clone());
        }
        let coded = self.series.coded(key.0, key.1)?.map(Arc::new);
        self.coded.lock().insert(key, coded.clone());
        Ok(coded)
    }

    /// The labels of a row group by row.
    pub(super) fn row_labels(&self, group: usize) -> Result<RowLabels, ReadError> {
        let names = self.summary.labels.iter().enumerate();
        let labels = names.map(|(at, name)| Ok((name.clone().into_bytes(), self.label(at as u32)?, false)));
        let soft = self.summary.soft.iter().map(|key| Ok((key.clone().into_bytes(), self.soft(key)?, true)));
        RowLabels::read(&self.series, group, labels.chain(soft))
    }

    /// The rows of a metric.
    pub fn rows_of(&self, metric: usize) -> Range<usize> {
        let metrics = &self.summary.metrics;
        let end = metrics.get(metric + 1).map_or(self.summary.series, |next| next.first);
        metrics[metric].first as usize..end as usize
    }
}

/// A range of rows cut where row groups end.
pub fn by_group(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let first = rows.start / GROUP_ROWS * GROUP_ROWS;
    (first..rows.end).step_by(GROUP_ROWS).map(move |at| at.max(rows.start)..(at + GROUP_ROWS).min(rows.end))
}
