//! Native histograms: chunks say once where buckets are, then counts as differences of differences or of bits.

use bytes::Bytes;
use otelier_wire::protobuf::{Cursor, Value as Field, fields, put_varint};

use super::bits::{Reader, Writer};
use super::varbit;
use super::xor::Value;
use crate::exposition::cache::STALE;
use crate::exposition::put;
use crate::record::{unzigzag, zigzag};
use crate::segment::Histogram;

/// The schema whose bounds are listed.
pub(crate) const CUSTOM: i64 = -53;
/// What a chunk's first two bits, and a message's hint, say of a gauge.
const GAUGE_FLAG: u64 = 0b11;
const GAUGE: u64 = 3;
/// Zero thresholds that are powers of two from 2^-243 on take a byte.
const LEAST_EXPONENT: i32 = -243;
/// Bounds up to 33 554.430 in thousandths are written as whole numbers.
const MOST_THOUSANDTHS: f64 = 33_554_430.0;

/// Which buckets a histogram has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub schema: i64,
    /// Bits of the float.
    pub zero_threshold: u64,
    /// Empty buckets before, and length, of each run of buckets.
    pub positive: Vec<(i64, u64)>,
    pub negative: Vec<(i64, u64)>,
    /// Bits of floats.
    pub bounds: Vec<u64>,
}

/// A native histogram as `io.prometheus.write.v2.Histogram` has it; counts are integers, or the bits of floats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Native {
    pub layout: Layout,
    pub is_float: bool,
    pub count: u64,
    pub zero_count: u64,
    pub sum: u64,
    /// Of integers the differences from the bucket before.
    pub positive: Vec<u64>,
    pub negative: Vec<u64>,
    pub is_gauge: bool,
}

impl Layout {
    fn read(bits: &mut Reader) -> Option<Layout> {
        let zero_threshold = match bits.read(8)? {
            0 => 0,
            255 => bits.read(64)?,
            byte => power_of_two(byte as i32 - 1 + LEAST_EXPONENT),
        };
        let schema = varbit::read(bits)?;
        let (positive, negative) = (spans(bits)?, spans(bits)?);
        let mut bounds = Vec::new();
        if schema == CUSTOM {
            for _ in 0..varbit::read_unsigned(bits)? {
                let bound = match varbit::read_unsigned(bits)? {
                    0 => bits.read(64)?,
                    thousandths => ((thousandths - 1) as f64 / 1000.0).to_bits(),
                };
                bounds.push(bound);
            }
        }
        Some(Layout { schema, zero_threshold, positive, negative, bounds })
    }

    pub(super) fn put(&self, bits: &mut Writer) {
        let threshold = f64::from_bits(self.zero_threshold);
        let byte = (1..255_u64).find(|byte| power_of_two(*byte as i32 - 1 + LEAST_EXPONENT) == self.zero_threshold);
        match byte {
            _ if threshold == 0.0 => bits.put(0, 8),
            Some(byte) => bits.put(byte, 8),
            None => {
                bits.put(255, 8);
                bits.put(self.zero_threshold, 64);
            }
        }
        varbit::put(bits, self.schema);
        for side in [&self.positive, &self.negative] {
            varbit::put_unsigned(bits, side.len() as u64);
            for (offset, length) in side {
                varbit::put_unsigned(bits, *length);
                varbit::put(bits, *offset);
            }
        }
        if self.schema == CUSTOM {
            varbit::put_unsigned(bits, self.bounds.len() as u64);
            for bound in &self.bounds {
                let float = f64::from_bits(*bound);
                let thousandths = (float * 1000.0).round();
                if (0.0..=MOST_THOUSANDTHS).contains(&thousandths) && (thousandths / 1000.0).to_bits() == *bound {
                    varbit::put_unsigned(bits, thousandths as u64 + 1);
                } else {
                    bits.put(0, 1);
                    bits.put(*bound, 64);
                }
            }
        }
    }

    /// Its fields of the message.
    fn put_message(&self, out: &mut Vec<u8>) {
        put::varint(out, 4, zigzag(self.schema));
        put::fixed64(out, 5, self.zero_threshold);
        for (number, side) in [(8, &self.negative), (11, &self.positive)] {
            for (offset, length) in side {
                put::message(out, number, |out| {
                    put::varint(out, 1, zigzag(*offset));
                    put::varint(out, 2, *length);
                });
            }
        }
        if !self.bounds.is_empty() {
            put::bytes(out, 16, &packed(&self.bounds));
        }
    }
}

/// The bits of 2^exponent, of a normal float.
fn power_of_two(exponent: i32) -> u64 {
    ((exponent + 1023) as u64) << 52
}

fn spans(bits: &mut Reader) -> Option<Vec<(i64, u64)>> {
    let count = varbit::read_unsigned(bits)?;
    let mut all = Vec::new();
    for _ in 0..count {
        let length = varbit::read_unsigned(bits)?;
        all.push((varbit::read(bits)?, length));
    }
    Some(all)
}

/// How many buckets there are. None if the data can't hold so many.
fn buckets(spans: &[(i64, u64)], bits: &Reader) -> Option<usize> {
    let sum = spans.iter().try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length))?;
    usize::try_from(sum).ok().filter(|sum| *sum <= bits.left())
}

/// Appends the histograms of a chunk, as messages.
pub fn unpack(data: &[u8], is_float: bool, out: &mut Vec<Histogram>) -> Option<()> {
    let (count, packed) = data.split_first_chunk()?;
    let count = u16::from_be_bytes(*count);
    let mut bits = Reader::new(packed);
    let flags = bits.read(8)?;
    if count == 0 {
        return Some(());
    }
    let layout = Layout::read(&mut bits)?;
    let sides = [buckets(&layout.positive, &bits)?, buckets(&layout.negative, &bits)?];
    let mut fixed = Vec::new();
    layout.put_message(&mut fixed);
    if flags >> 6 == GAUGE_FLAG {
        put::varint(&mut fixed, 14, GAUGE);
    }
    let (mut ms, mut distance) = (0_i64, 0_i64);
    let mut state = if is_float { State::Floats(Floats::default()) } else { State::Integers(Integers::default()) };
    for number in 0..count {
        let change = varbit::read(&mut bits)?;
        if number == 0 {
            ms = change;
        } else {
            distance = distance.wrapping_add(change);
            ms = ms.wrapping_add(distance);
        }
        let mut message = Vec::with_capacity(fixed.len() + 48);
        match &mut state {
            State::Integers(state) => state.read(&mut bits, number == 0, sides, &fixed, &mut message)?,
            State::Floats(state) => state.read(&mut bits, number == 0, sides, &fixed, &mut message)?,
        }
        put::varint(&mut message, 15, ms as u64);
        out.push(Histogram { ms, message: Bytes::from(message) });
    }
    Some(())
}

enum State {
    Integers(Integers),
    Floats(Floats),
}

/// The histogram before, and by how much each of its numbers had changed.
#[derive(Default)]
struct Integers {
    count: (u64, i64),
    zero_count: (u64, i64),
    sum: Value,
    sides: [Vec<(i64, i64)>; 2],
}

/// A number that goes on changing as it did, and by what is read besides.
fn advance(number: (u64, i64), change: i64) -> (u64, i64) {
    let step = number.1.wrapping_add(change);
    (number.0.wrapping_add_signed(step), step)
}

impl Integers {
    fn read(
        &mut self,
        bits: &mut Reader,
        is_first: bool,
        sides: [usize; 2],
        fixed: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<()> {
        if is_first {
            self.count.0 = varbit::read_unsigned(bits)?;
            self.zero_count.0 = varbit::read_unsigned(bits)?;
            self.sum.bits = bits.read(64)?;
        } else {
            self.count = advance(self.count, varbit::read(bits)?);
            self.zero_count = advance(self.zero_count, varbit::read(bits)?);
            self.sum.read(bits)?;
            if self.sum.bits == STALE {
                put::fixed64(out, 3, STALE);
                return Some(());
            }
        }
        for (side, buckets) in self.sides.iter_mut().zip(sides) {
            side.resize(buckets, (0, 0));
            for bucket in side {
                let read = varbit::read(bits)?;
                if is_first {
                    bucket.0 = read;
                } else {
                    bucket.1 = bucket.1.wrapping_add(read);
                    bucket.0 = bucket.0.wrapping_add(bucket.1);
                }
            }
        }
        put::varint(out, 1, self.count.0);
        put::fixed64(out, 3, self.sum.bits);
        put::varint(out, 6, self.zero_count.0);
        for (number, side) in [(12, &self.sides[0]), (9, &self.sides[1])] {
            if !side.is_empty() {
                let mut deltas = Vec::with_capacity(2 * side.len());
                side.iter().for_each(|(delta, _)| put_varint(&mut deltas, zigzag(*delta) as usize));
                put::bytes(out, number, &deltas);
            }
        }
        out.extend_from_slice(fixed);
        Some(())
    }
}

#[derive(Default)]
struct Floats {
    count: Value,
    zero_count: Value,
    sum: Value,
    sides: [Vec<Value>; 2],
}

impl Floats {
    fn read(
        &mut self,
        bits: &mut Reader,
        is_first: bool,
        sides: [usize; 2],
        fixed: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let one = |bits: &mut Reader, value: &mut Value| {
            if is_first {
                value.bits = bits.read(64)?;
                Some(())
            } else {
                value.read(bits)
            }
        };
        one(bits, &mut self.count)?;
        one(bits, &mut self.zero_count)?;
        one(bits, &mut self.sum)?;
        if !is_first && self.sum.bits == STALE {
            put::fixed64(out, 3, STALE);
            return Some(());
        }
        for (side, buckets) in self.sides.iter_mut().zip(sides) {
            side.resize(buckets, Value::default());
            for bucket in side {
                one(bits, bucket)?;
            }
        }
        put::fixed64(out, 2, self.count.bits);
        put::fixed64(out, 3, self.sum.bits);
        put::fixed64(out, 7, self.zero_count.bits);
        for (number, side) in [(13, &self.sides[0]), (10, &self.sides[1])] {
            if !side.is_empty() {
                let bits: Vec<u64> = side.iter().map(|value| value.bits).collect();
                put::bytes(out, number, &packed(&bits));
            }
        }
        out.extend_from_slice(fixed);
        Some(())
    }
}

fn packed(floats: &[u64]) -> Vec<u8> {
    floats.iter().flat_map(|bits| bits.to_le_bytes()).collect()
}

impl Native {
    /// From the message.
    pub fn read(message: &[u8]) -> Native {
        let mut found = Native::default();
        for field in fields(message) {
            let layout = &mut found.layout;
            match (field.number, field.value) {
                (1, Field::Varint(count)) => found.count = count,
                (2, Field::Fixed64(bits)) => (found.count, found.is_float) = (bits, true),
                (3, Field::Fixed64(bits)) => found.sum = bits,
                (4, Field::Varint(schema)) => layout.schema = unzigzag(schema),
                (5, Field::Fixed64(bits)) => layout.zero_threshold = bits,
                (6, Field::Varint(count)) => found.zero_count = count,
                (7, Field::Fixed64(bits)) => found.zero_count = bits,
                (8, Field::Len(run)) => layout.negative.push(span(run)),
                (9, value) => deltas(value, &mut found.negative),
                (10, value) => floats(value, &mut found.negative),
                (11, Field::Len(run)) => layout.positive.push(span(run)),
                (12, value) => deltas(value, &mut found.positive),
                (13, value) => floats(value, &mut found.positive),
                (14, Field::Varint(hint)) => found.is_gauge = hint == GAUGE,
                (16, value) => floats(value, &mut layout.bounds),
                _ => {}
            }
        }
        found
    }
}

impl Native {
    /// The message, without a time.
    pub fn message(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.is_float {
            put::fixed64(&mut out, 2, self.count);
            put::fixed64(&mut out, 7, self.zero_count);
        } else {
            put::varint(&mut out, 1, self.count);
            put::varint(&mut out, 6, self.zero_count);
        }
        put::fixed64(&mut out, 3, self.sum);
        for (floats, integers, side) in [(10, 9, &self.negative), (13, 12, &self.positive)] {
            if self.is_float {
                put::bytes(&mut out, floats, &packed(side));
            } else {
                let mut deltas = Vec::new();
                side.iter().for_each(|delta| put_varint(&mut deltas, zigzag(*delta as i64) as usize));
                put::bytes(&mut out, integers, &deltas);
            }
        }
        self.layout.put_message(&mut out);
        if self.is_gauge {
            put::varint(&mut out, 14, GAUGE);
        }
        out
    }
}

impl Native {
    /// A count as an integer.
    pub fn whole(&self, count: u64) -> u64 {
        if self.is_float { f64::from_bits(count) as u64 } else { count }
    }

    /// Positive buckets: index and count.
    pub fn counts(&self) -> Vec<(i64, u64)> {
        let mut all = Vec::new();
        placed(&self.layout.positive, &self.positive, self.is_float, |index, count| {
            all.push((index, self.whole(count)));
        });
        all
    }
}

/// Buckets of one side with their indices: `put` gets each one's count itself, or the bits of a float.
pub(super) fn placed(spans: &[(i64, u64)], counts: &[u64], is_float: bool, mut put: impl FnMut(i64, u64)) {
    let (mut index, mut absolute) = (0_i64, 0_i64);
    let mut given = counts.iter();
    for (offset, length) in spans {
        index = index.wrapping_add(*offset);
        for count in given.by_ref().take(usize::try_from(*length).unwrap_or(usize::MAX)) {
            absolute = absolute.wrapping_add(*count as i64);
            put(index, if is_float { *count } else { absolute as u64 });
            index = index.wrapping_add(1);
        }
    }
}

fn span(run: &[u8]) -> (i64, u64) {
    let mut span = (0, 0);
    for field in fields(run) {
        match (field.number, field.value) {
            (1, Field::Varint(offset)) => span.0 = unzigzag(offset),
            (2, Field::Varint(length)) => span.1 = length,
            _ => {}
        }
    }
    span
}

fn deltas(value: Field, out: &mut Vec<u64>) {
    match value {
        Field::Varint(delta) => out.push(unzigzag(delta) as u64),
        Field::Len(packed) => {
            let mut cursor = Cursor::new(packed);
            while let Ok(delta) = cursor.varint() {
                out.push(unzigzag(delta) as u64);
            }
        }
        _ => {}
    }
}

fn floats(value: Field, out: &mut Vec<u64>) {
    match value {
        Field::Fixed64(bits) => out.push(bits),
        Field::Len(packed) => out.extend(packed.as_chunks().0.iter().map(|eight| u64::from_le_bytes(*eight))),
        _ => {}
    }
}
