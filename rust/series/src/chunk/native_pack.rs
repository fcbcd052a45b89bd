//! Native histograms into chunks: a new one where buckets, or the kind of counts, change.

use super::bits::Writer;
use super::native::Native;
use super::varbit;
use super::xor::{MOST, Value};
use super::{FLOAT_HISTOGRAM, HISTOGRAM, Packed};
use crate::exposition::cache::STALE;
use crate::segment::Histogram;

/// Histograms of ascending times as chunks of at most `most` samples each.
pub fn pack(histograms: &[Histogram], most: usize) -> Vec<Packed> {
    let most = most.clamp(1, MOST);
    let mut chunks = Vec::new();
    let mut open: Option<Chunk> = None;
    for each in histograms {
        let mut native = Native::read(&each.message);
        if let Some(chunk) = &open
            && native.sum == STALE
        {
            // It says nothing of buckets, so it goes where the last ones went.
            native = Native { sum: STALE, ..chunk.before.clone() };
        }
        if let Some(chunk) = open.take_if(|chunk| chunk.count == most || !chunk.takes(&native)) {
            chunks.push(chunk.finish());
        }
        open.get_or_insert_with(|| Chunk::new(&native, each.ms)).put(native, each.ms);
    }
    chunks.extend(open.map(Chunk::finish));
    chunks
}

struct Chunk {
    bits: Writer,
    first_ms: i64,
    last_ms: i64,
    distance: i64,
    count: usize,
    before: Native,
    /// By how much each number has changed last: count, zero bucket, buckets.
    steps: Vec<i64>,
    sum: Value,
    /// Of float counts, in the same order.
    values: Vec<Value>,
}

impl Chunk {
    fn new(native: &Native, ms: i64) -> Chunk {
        let mut bits = Writer::default();
        bits.put(0, 16);
        bits.put(if native.is_gauge { 0b1100_0000 } else { 0 }, 8);
        native.layout.put(&mut bits);
        let numbers = 2 + native.positive.len() + native.negative.len();
        Chunk {
            bits,
            first_ms: ms,
            last_ms: ms,
            distance: 0,
            count: 0,
            before: native.clone(),
            steps: vec![0; numbers],
            sum: Value::default(),
            values: vec![Value::default(); numbers],
        }
    }

    fn takes(&self, native: &Native) -> bool {
        let before = &self.before;
        before.layout == native.layout
            && (before.is_float, before.is_gauge) == (native.is_float, native.is_gauge)
            && (before.positive.len(), before.negative.len()) == (native.positive.len(), native.negative.len())
    }

    fn put(&mut self, native: Native, ms: i64) {
        let bits = &mut self.bits;
        let is_first = self.count == 0;
        if is_first {
            varbit::put(bits, ms);
        } else {
            let distance = ms.wrapping_sub(self.last_ms);
            varbit::put(bits, distance.wrapping_sub(self.distance));
            self.distance = distance;
        }
        let numbers = |native: &Native| {
            let counts = [native.count, native.zero_count];
            counts.iter().chain(&native.positive).chain(&native.negative).copied().collect::<Vec<u64>>()
        };
        let (now, before) = (numbers(&native), numbers(&self.before));
        for (at, number) in now.iter().enumerate() {
            if at == 2 {
                put_float(bits, &mut self.sum, native.sum, is_first);
                if native.sum == STALE && !is_first {
                    break;
                }
            }
            match (native.is_float, is_first) {
                (true, _) => put_float(bits, &mut self.values[at], *number, is_first),
                (false, true) if at < 2 => varbit::put_unsigned(bits, *number),
                (false, true) => varbit::put(bits, *number as i64),
                (false, false) => {
                    let step = number.wrapping_sub(before[at]) as i64;
                    varbit::put(bits, step.wrapping_sub(self.steps[at]));
                    self.steps[at] = step;
                }
            }
        }
        if now.len() == 2 {
            put_float(bits, &mut self.sum, native.sum, is_first);
        }
        self.before = native;
        self.last_ms = ms;
        self.count += 1;
    }

    fn finish(self) -> Packed {
        let Chunk { bits, before, first_ms, last_ms, count, .. } = self;
        let mut data = bits.bytes;
        data[..2].copy_from_slice(&(count as u16).to_be_bytes());
        (if before.is_float { FLOAT_HISTOGRAM } else { HISTOGRAM }, first_ms, last_ms, data)
    }
}

fn put_float(bits: &mut Writer, value: &mut Value, float: u64, is_first: bool) {
    if is_first {
        bits.put(float, 64);
        *value = Value::new(float);
    } else {
        value.put(bits, float);
    }
}
