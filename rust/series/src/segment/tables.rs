//! The files of a segment and their columns.

use otelier_segment::schema::{Cell, Coding, Column};

pub const TIMES: &str = "times";
pub const TIME_MS: &str = "time_ms";
pub const SAMPLES: &str = "samples";
pub const SCALE: &str = "scale";
pub const SERIES: &str = "series";
pub const CODE: &str = "code";
pub const HISTOGRAM: &str = "histogram";
pub const VALUE: &str = "value";
pub const LABELS: &str = "labels";
pub const FAMILY: &str = "family";
pub const TYPE: &str = "type";
pub const HELP: &str = "help";
pub const UNIT: &str = "unit";
/// How the path of a segment's index ends.
pub const INDEX: &str = ".index";
/// What the names of the columns of labels begin with …
pub const LABEL_PREFIX: &str = "l.";
/// … and those of soft attributes.
pub const SOFT_PREFIX: &str = "r.";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    Series,
    Times,
    Samples,
    Histograms,
    Exemplars,
    Metadata,
}

impl Table {
    pub const ALL: [Table; 6] =
        [Table::Series, Table::Times, Table::Samples, Table::Histograms, Table::Exemplars, Table::Metadata];

    pub fn name(self) -> &'static str {
        match self {
            Table::Series => "series",
            Table::Times => "times",
            Table::Samples => "samples",
            Table::Histograms => "histograms",
            Table::Exemplars => "exemplars",
            Table::Metadata => "metadata",
        }
    }

    /// The file of the segment whose index has this path.
    pub fn path(self, index: &str) -> String {
        format!("{}.{}.parquet", index.strip_suffix(INDEX).unwrap_or(index), self.name())
    }

    /// Of the series table: those before the columns of labels.
    pub fn columns(self) -> Vec<Column> {
        let column = |name, cell, coding| Column::new(name, cell, true, coding);
        match self {
            Table::Series => vec![
                column(TIMES, Cell::Int32, Coding::Chosen),
                column(SAMPLES, Cell::Int32, Coding::Chosen),
                column(SCALE, Cell::Int32, Coding::Codes),
            ],
            Table::Times => {
                vec![column(TIMES, Cell::Int32, Coding::Codes), column(TIME_MS, Cell::Int64, Coding::Delta)]
            }
            Table::Samples => {
                vec![column(SERIES, Cell::Int32, Coding::Codes), column(CODE, Cell::Int64, Coding::Split)]
            }
            Table::Histograms => vec![
                column(SERIES, Cell::Int32, Coding::Chosen),
                column(TIME_MS, Cell::Int64, Coding::Delta),
                column(HISTOGRAM, Cell::Bytes, Coding::Plain),
            ],
            Table::Exemplars => vec![
                column(SERIES, Cell::Int32, Coding::Chosen),
                column(TIME_MS, Cell::Int64, Coding::Delta),
                column(VALUE, Cell::Double, Coding::Plain),
                column(LABELS, Cell::Bytes, Coding::Plain),
            ],
            Table::Metadata => vec![
                column(FAMILY, Cell::Text, Coding::Plain),
                column(TYPE, Cell::Text, Coding::Codes),
                column(HELP, Cell::Text, Coding::Plain),
                column(UNIT, Cell::Text, Coding::Codes),
            ],
        }
    }
}

/// A column of texts that most rows may lack.
pub fn text_column(prefix: &str, name: &str) -> Column {
    Column::new(&[prefix, name].concat(), Cell::Text, false, Coding::Codes)
}

/// All files that a segment can have, its index first; only some need be there.
pub fn files(index: &str) -> Vec<String> {
    std::iter::once(index.to_owned()).chain(Table::ALL.map(|table| table.path(index))).collect()
}
