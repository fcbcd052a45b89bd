//! Chunks as Prometheus keeps them on disk and streams them: samples of one series, packed bit by bit.
//!
//! Format: <https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md>; widths of numbers: `varbit`, `xor`.

mod bits;
mod coarser;
mod native;
mod native_pack;
mod varbit;
mod xor;

pub(crate) use native::CUSTOM;
pub use native::Native;
use native_pack::pack as pack_natives;
use xor::pack as pack_floats;

use crate::segment::Histogram;

/// A chunk: encoding, first and last time, data.
pub type Packed = (u8, i64, i64, Vec<u8>);

/// Floats.
pub const XOR: u8 = 1;
/// Native histograms with integer counts.
pub const HISTOGRAM: u8 = 2;
/// Native histograms with float counts.
pub const FLOAT_HISTOGRAM: u8 = 3;

/// Samples of a series as chunks of at most `most` each, by time; no two chunks overlap. No time is both a float's and a
/// histogram's.
pub fn pack(ms: &[i64], bits: &[u64], histograms: &[Histogram], most: usize) -> Vec<Packed> {
    let most = most.clamp(1, xor::MOST);
    let (mut ms, mut bits, mut histograms) = (ms, bits, histograms);
    let mut all = Vec::new();
    while !(ms.is_empty() && histograms.is_empty()) {
        let end = histograms.first().map_or(ms.len(), |next| ms.partition_point(|ms| *ms < next.ms));
        for (ms, bits) in ms[..end].chunks(most).zip(bits[..end].chunks(most)) {
            all.push((XOR, ms[0], ms[ms.len() - 1], pack_floats(ms, bits)));
        }
        (ms, bits) = (&ms[end..], &bits[end..]);
        let end = ms.first().map_or(histograms.len(), |next| histograms.partition_point(|each| each.ms < *next));
        all.extend(pack_natives(&histograms[..end], most));
        // Equal times, which must not be: the float is left out, so that there is an end.
        let twice = usize::from(end == 0 && !histograms.is_empty());
        (ms, bits, histograms) = (&ms[twice..], &bits[twice..], &histograms[end..]);
    }
    all
}

/// As Prometheus checks its chunks and its streams: CRC-32C.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

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
