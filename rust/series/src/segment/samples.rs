//! The table of samples: blocks of series, chunk by chunk, a page for each.

use otelier_segment::encode::{Cells, Content, Encoder, Values};
use otelier_segment::write::{File, Sink, WriteError};

use super::tables::Table;
use super::{BLOCK, CHUNK, LEVEL, codes};

/// A row group ends behind the block that reaches so many samples.
const GROUP_SAMPLES: usize = 1 << 20;

pub struct Samples {
    file: File<Sink>,
    /// Codes of the block's series one behind the other, and where each ends.
    block: Vec<i64>,
    ends: Vec<usize>,
    /// The first series of the block.
    first: u32,
    series: Vec<i32>,
    codes: Vec<i64>,
    pages: Vec<u32>,
    /// The first series of each row group.
    pub groups: Vec<u32>,
}

impl Samples {
    pub fn new(sink: Sink) -> Result<Samples, WriteError> {
        let file = File::with(sink, Table::Samples.columns(), Encoder::with_level(LEVEL)?)?;
        Ok(Samples {
            file,
            block: Vec::new(),
            ends: Vec::new(),
            first: 0,
            series: Vec::new(),
            codes: Vec::new(),
            pages: Vec::new(),
            groups: vec![0],
        })
    }

    /// The next series' floats; answers their scale.
    pub fn put(&mut self, bits: &[u64]) -> Result<i32, WriteError> {
        if self.ends.len() == BLOCK {
            self.end_block();
            if self.codes.len() >= GROUP_SAMPLES {
                self.put_group()?;
                self.groups.push(self.first);
            }
        }
        let scale = codes::scale_of(bits);
        codes::put_codes(bits, scale, &mut self.block);
        self.ends.push(self.block.len());
        Ok(scale)
    }

    fn end_block(&mut self) {
        let starts = || [0].into_iter().chain(self.ends.iter().copied());
        let longest = starts().zip(&self.ends).map(|(start, end)| end - start).max().unwrap_or(0);
        for from in (0..longest).step_by(CHUNK) {
            let before = self.codes.len();
            for (number, (start, end)) in starts().zip(&self.ends).enumerate() {
                let chunk = (start + from).min(*end)..(start + from + CHUNK).min(*end);
                self.series.resize(self.series.len() + chunk.len(), (self.first as usize + number) as i32);
                self.codes.extend_from_slice(&self.block[chunk]);
            }
            self.pages.push((self.codes.len() - before) as u32);
        }
        self.first += self.ends.len() as u32;
        self.ends.clear();
        self.block.clear();
    }

    fn put_group(&mut self) -> Result<(), WriteError> {
        let count = self.codes.len();
        let columns = [Values::Int32(std::mem::take(&mut self.series)), Values::Int64(std::mem::take(&mut self.codes))];
        let cells = |values| Cells { count, rows: None, content: Content::Values(values) };
        self.file.put_pages(columns.iter().map(cells), &self.pages)?;
        self.pages.clear();
        Ok(())
    }

    pub fn finish(mut self) -> Result<(Sink, Vec<u32>), WriteError> {
        self.end_block();
        self.put_group()?;
        Ok((self.file.finish()?, self.groups))
    }
}
