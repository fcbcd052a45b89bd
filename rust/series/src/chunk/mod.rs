//! Chunks as Prometheus keeps them on disk and streams them: samples of one series, packed bit by bit.
//!
//! Format: <https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md>; widths of numbers: `varbit`, `xor`.

mod bits;
mod native;
mod native_pack;
mod varbit;
mod xor;

pub use native::Native;
pub use native_pack::pack as pack_natives;
pub use xor::pack as pack_floats;

use crate::segment::Histogram;

/// Floats.
pub const XOR: u8 = 1;
/// Native histograms with integer counts.
pub const HISTOGRAM: u8 = 2;
/// Native histograms with float counts.
pub const FLOAT_HISTOGRAM: u8 = 3;

/// What chunks hold, in their order.
#[derive(Debug, Default, PartialEq)]
pub struct Unpacked {
    pub ms: Vec<i64>,
    pub bits: Vec<u64>,
    pub histograms: Vec<Histogram>,
}

impl Unpacked {
    pub fn clear(&mut self) {
        self.ms.clear();
        self.bits.clear();
        self.histograms.clear();
    }

    /// Adds what a chunk holds. Nothing is added if it can't be read; the error says why.
    pub fn add(&mut self, encoding: u8, data: &[u8]) -> Result<(), &'static str> {
        let before = (self.ms.len(), self.histograms.len());
        let read = match encoding {
            XOR => xor::unpack(data, &mut self.ms, &mut self.bits),
            HISTOGRAM => native::unpack(data, false, &mut self.histograms),
            FLOAT_HISTOGRAM => native::unpack(data, true, &mut self.histograms),
            4..=6 => return Err("its samples have start timestamps, an experimental encoding that is not read"),
            _ => return Err("its encoding is unknown"),
        };
        if read.is_none() {
            self.ms.truncate(before.0);
            self.bits.truncate(before.0);
            self.histograms.truncate(before.1);
            return Err("its samples can't be decoded");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
