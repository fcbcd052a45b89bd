//! The Parquet file around the row groups.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use crate::encode::{Cells, Encoder};
use crate::schema::{Column, parquet_schema};

pub struct File<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    encoder: Encoder,
}

impl<W: Write + Send> File<W> {
    pub fn new(sink: W, columns: Vec<Column>) -> Result<File<W>, ParquetError> {
        File::with(sink, columns, Encoder::new()?)
    }

    pub fn with(sink: W, columns: Vec<Column>, encoder: Encoder) -> Result<File<W>, ParquetError> {
        let properties = WriterProperties::builder().set_created_by("otelier".into()).build();
        let writer = SerializedFileWriter::new(sink, parquet_schema(&columns)?, Arc::new(properties))?;
        Ok(File { writer, columns, encoder })
    }

    /// Writes a row group; `cells` come in the order of the columns.
    pub fn put<'a>(&mut self, cells: impl Iterator<Item = Cells<'a>>) -> Result<(), ParquetError> {
        self.put_pages(cells, &[])
    }

    /// The same with so many rows in each page, whatever the column.
    pub fn put_pages<'a>(&mut self, cells: impl Iterator<Item = Cells<'a>>, pages: &[u32]) -> Result<(), ParquetError> {
        let schema = self.writer.schema_descr().columns().to_vec();
        let mut group = self.writer.next_row_group()?;
        for ((column, of), cells) in self.columns.iter().zip(schema).zip(cells) {
            let encoded = self.encoder.encode(column, of, &cells, pages)?;
            group.append_column(&Bytes::from(encoded.bytes), encoded.close)?;
        }
        group.close().map(drop)
    }

    /// Writes the footer and gives back the sink.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.writer.into_inner()
    }
}
