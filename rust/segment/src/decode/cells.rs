//! A row group's columns, read whole.

use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;

use crate::schema;

const NONE: u32 = u32::MAX;

/// The values of a column and whose they are.
pub struct Column {
    pub name: String,
    values: Values,
    rows: Rows,
}

enum Rows {
    /// All have a value.
    All,
    /// By row: the place of its value.
    Places(Vec<u32>),
    /// By value: the row; for columns of which a row rarely has a value.
    Filled(Vec<u32>),
}

enum Values {
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
    Bool(Vec<bool>),
}

/// A value, or none, of any column.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    Null,
    Bytes(&'a [u8]),
    Int32(i32),
    Int64(i64),
    Double(f64),
    Bool(bool),
}

impl Column {
    /// The rows that have a value, in the order of values. Columns of attributes only.
    pub fn filled(&self) -> &[u32] {
        match &self.rows {
            Rows::Filled(rows) => rows,
            _ => &[],
        }
    }

    pub fn cell(&self, row: usize) -> Cell<'_> {
        let place = match &self.rows {
            Rows::All => Some(row),
            Rows::Places(places) => places.get(row).filter(|place| **place != NONE).map(|place| *place as usize),
            Rows::Filled(rows) => rows.binary_search(&(row as u32)).ok(),
        };
        place.map_or(Cell::Null, |place| self.value(place))
    }

    /// By its place among the values, which must be there.
    pub fn value(&self, place: usize) -> Cell<'_> {
        match &self.values {
            Values::Bytes(values) => Cell::Bytes(values[place].data()),
            Values::Fixed(values) => Cell::Bytes(values[place].data()),
            Values::Int32(values) => Cell::Int32(values[place]),
            Values::Int64(values) => Cell::Int64(values[place]),
            Values::Double(values) => Cell::Double(values[place]),
            Values::Bool(values) => Cell::Bool(values[place]),
        }
    }
}

/// The columns of a row group whose names are wanted.
pub fn columns_of(group: &dyn RowGroupReader, wanted: impl Fn(&str) -> bool) -> Result<Vec<Column>, ParquetError> {
    let count = group.metadata().num_rows() as usize;
    // A column's path has one part, though there may be dots in it.
    let is_wanted = |at: &usize| wanted(group.metadata().column(*at).column_descr().name());
    (0..group.metadata().num_columns()).filter(is_wanted).map(|at| read_column(group, at, count)).collect()
}

fn read_column(group: &dyn RowGroupReader, at: usize, count: usize) -> Result<Column, ParquetError> {
    let of = group.metadata().column(at).column_descr_ptr();
    let optional = of.max_def_level() > 0;
    let mut levels = optional.then(Vec::new);
    let levels_to = levels.as_mut();
    let values = match group.get_column_reader(at)? {
        ColumnReader::BoolColumnReader(reader) => Values::Bool(all::<BoolType>(reader, count, levels_to)?),
        ColumnReader::Int32ColumnReader(reader) => Values::Int32(all::<Int32Type>(reader, count, levels_to)?),
        ColumnReader::Int64ColumnReader(reader) => Values::Int64(all::<Int64Type>(reader, count, levels_to)?),
        ColumnReader::DoubleColumnReader(reader) => Values::Double(all::<DoubleType>(reader, count, levels_to)?),
        ColumnReader::ByteArrayColumnReader(reader) => Values::Bytes(all::<ByteArrayType>(reader, count, levels_to)?),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            Values::Fixed(all::<FixedLenByteArrayType>(reader, count, levels_to)?)
        }
        _ => return Err(unknown(of.name(), of.physical_type())),
    };
    let name = of.name().to_owned();
    let rows = match levels {
        None => Rows::All,
        Some(levels) if schema::attribute_of_column(&name).is_some() => {
            Rows::Filled((0..).zip(&levels).filter(|(_, level)| **level > 0).map(|(row, _)| row).collect())
        }
        Some(levels) => {
            let mut next = 0;
            let place = |level: &i16| {
                next += u32::from(*level > 0);
                if *level > 0 { next - 1 } else { NONE }
            };
            Rows::Places(levels.iter().map(place).collect())
        }
    };
    Ok(Column { name, values, rows })
}

fn all<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    count: usize,
    levels: Option<&mut Vec<i16>>,
) -> Result<Vec<T::T>, ParquetError> {
    let mut values = Vec::new();
    let (mut read, mut levels) = (0, levels);
    while read < count {
        let (rows, _, _) = reader.read_records(count - read, levels.as_deref_mut(), None, &mut values)?;
        if rows == 0 {
            return Err(ParquetError::EOF(format!("a column chunk has {read} rows instead of {count}")));
        }
        read += rows;
    }
    Ok(values)
}

fn unknown(name: &str, of: Type) -> ParquetError {
    ParquetError::General(format!("column {name} is of type {of}, which segments do not have"))
}
