//! The labels of a row group's series by row. Columns are as many as there are names, of which a series has few: only
//! what is there costs anything.

use otelier_segment::error::ReadError;
use otelier_segment::reader::Texts;

use super::TableFile;
use super::segment::Place;
use crate::labels;

/// A column with a value in some row.
#[derive(Debug)]
struct Named {
    name: Vec<u8>,
    texts: Texts,
    /// Of a soft attribute.
    soft: bool,
}

/// What a row has in a column.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    column: u32,
    code: u32,
}

#[derive(Debug, Default)]
pub struct RowLabels {
    columns: Vec<Named>,
    /// One row behind the other, columns in order.
    cells: Vec<Cell>,
    /// Where the cells of each row begin, and the end.
    starts: Vec<usize>,
}

impl RowLabels {
    /// `columns`: name, place, and whether it is soft, as they stand in label sets.
    pub fn read(
        table: &TableFile,
        group: usize,
        columns: impl Iterator<Item = Result<(Vec<u8>, Place, bool), ReadError>>,
    ) -> Result<RowLabels, ReadError> {
        let rows = table.rows(group)?;
        let (mut known, mut all) = (Vec::new(), Vec::new());
        let mut starts = vec![0; rows + 1];
        for column in columns {
            let (name, place, soft) = column?;
            let Some(texts) = table.label_texts(group, place.number())? else { continue };
            let (number, codes) = (known.len() as u32, texts.len());
            table.each_code(group, place.number(), |row, code| {
                let fine = row < rows && (code as usize) < codes;
                if fine {
                    starts[row + 1] += 1;
                    all.push((row as u32, Cell { column: number, code }));
                }
                fine
            })?;
            known.push(Named { name, texts, soft });
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut cells = vec![Cell::default(); all.len()];
        for (row, cell) in all {
            let at = &mut next[row as usize];
            cells[*at] = cell;
            *at += 1;
        }
        Ok(RowLabels { columns: known, cells, starts })
    }

    /// Labels and soft attributes of a row, counted from the group's first.
    pub fn of(&self, row: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut hard, mut soft) = (Vec::new(), Vec::new());
        for cell in &self.cells[self.starts[row]..self.starts[row + 1]] {
            let column = &self.columns[cell.column as usize];
            let out = if column.soft { &mut soft } else { &mut hard };
            labels::put(out, &column.name, column.texts.get(cell.code as usize));
        }
        (hard, soft)
    }
}
