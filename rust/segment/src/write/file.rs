//! The Parquet file around the row groups.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use crate::encode::{Cells, Encoder};
use crate::index::{ColumnFilters, Filter};
use crate::schema::{Column, parquet_schema};

pub struct File<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    encoder: Encoder,
    /// By column, by row group.
    filters: Vec<Vec<Option<Filter>>>,
}

impl<W: Write + Send> File<W> {
    pub fn new(sink: W, columns: Vec<Column>) -> Result<File<W>, ParquetError> {
        File::with(sink, columns, Encoder::new()?)
    }

    pub fn with(sink: W, columns: Vec<Column>, encoder: Encoder) -> Result<File<W>, ParquetError> {
        let properties = WriterProperties::builder().set_created_by("otelier".into()).build();
        let writer = SerializedFileWriter::new(sink, parquet_schema(&columns)?, Arc::new(properties))?;
        let filters = vec![Vec::new(); columns.len()];
        Ok(File { writer, columns, encoder, filters })
    }

    /// Writes a row group; `cells` come in the order of the columns.
    pub fn put<'a>(&mut self, cells: impl Iterator<Item = Cells<'a>>) -> Result<(), ParquetError> {
        self.put_pages(cells, &[])
    }

    /// The same with so many rows in each page, whatever the column.
    pub fn put_pages<'a>(&mut self, cells: impl Iterator<Item = Cells<'a>>, pages: &[u32]) -> Result<(), ParquetError> {
        let schema = self.writer.schema_descr().columns().to_vec();
        let mut group = self.writer.next_row_group()?;
        let columns = self.columns.iter().zip(&mut self.filters);
        for (((column, filters), of), cells) in columns.zip(schema).zip(cells) {
            let encoded = self.encoder.encode(column, of, &cells, pages)?;
            filters.push(encoded.filter);
            group.append_column(&Bytes::from(encoded.bytes), encoded.close)?;
        }
        group.close().map(drop)
    }

    /// Writes the filters over columns; answers where they lie. Row groups don't come behind them.
    pub fn put_filters(&mut self) -> Result<ColumnFilters, ParquetError> {
        let (mut placed, mut bytes) = (ColumnFilters::default(), Vec::new());
        let mut filters: Vec<_> = self.columns.iter().map(|column| &column.name).zip(&self.filters).collect();
        filters.sort_unstable_by_key(|(column, _)| *column);
        let offset = self.writer.bytes_written() as u64;
        filters.iter().for_each(|(column, filters)| placed.add(column, filters, offset, &mut bytes));
        self.writer.write_all(&bytes)?;
        Ok(placed)
    }

    /// Writes the footer and gives back the sink.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.writer.into_inner()
    }
}
