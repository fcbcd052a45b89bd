use bytes::Bytes;
use otelier_wire::protobuf::put_varint;

use super::*;
use crate::exposition::put;

/// Repeatable numbers of all sizes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        otelier_segment::hash::mix(self.0, 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Often small, now and then anything.
    fn any(&mut self) -> i64 {
        let width = self.below(64);
        (self.next() >> width) as i64 * if self.below(2) == 0 { -1 } else { 1 }
    }

    fn float(&mut self) -> u64 {
        match self.below(6) {
            0 => (self.below(1000) as f64).to_bits(),
            1 => (self.below(100_000) as f64 / 1000.0).to_bits(),
            2 => 0x7ff0_0000_0000_0002,
            3 => f64::INFINITY.to_bits(),
            4 => self.next(),
            _ => (-1.5_f64).to_bits(),
        }
    }
}

fn histogram(random: &mut Random, ms: i64, is_float: bool, buckets: u64) -> Histogram {
    let mut message = Vec::new();
    if is_float {
        put::fixed64(&mut message, 2, random.float());
        put::fixed64(&mut message, 7, random.float());
    } else {
        put::varint(&mut message, 1, random.any() as u64 >> 1);
        put::varint(&mut message, 6, random.below(100));
    }
    put::fixed64(&mut message, 3, (random.below(1_000_000) as f64 / 8.0).to_bits());
    put::varint(&mut message, 4, 3 << 1);
    put::fixed64(&mut message, 5, [0.0_f64, 1.0 / 1024.0, 0.3][buckets as usize % 3].to_bits());
    for (spans, deltas, counts) in [(8, 9, 10), (11, 12, 13)] {
        put::message(&mut message, spans, |out| {
            put::varint(out, 1, 7);
            put::varint(out, 2, buckets);
        });
        let mut packed = Vec::new();
        for _ in 0..buckets {
            if is_float {
                packed.extend(random.float().to_le_bytes());
            } else {
                put_varint(&mut packed, random.below(1000) as usize);
            }
        }
        put::bytes(&mut message, if is_float { counts } else { deltas }, &packed);
    }
    put::varint(&mut message, 14, [0, 3][buckets as usize % 2]);
    put::varint(&mut message, 15, ms as u64);
    Histogram { ms, message: Bytes::from(message) }
}

#[test]
fn floats_come_back_bit_by_bit() {
    let mut random = Random(1);
    for _ in 0..500 {
        let count = random.below(200) as usize;
        let mut time = random.any() >> 8;
        let steady = random.below(2) == 0;
        let mut times: Vec<i64> = Vec::new();
        for _ in 0..count {
            time += if steady { 15_000 } else { random.any() >> 10 };
            times.push(time);
        }
        let values: Vec<u64> = (0..count).map(|_| random.float()).collect();
        let mut unpacked = Unpacked::default();
        unpacked.add(XOR, &pack_floats(&times, &values)).unwrap();
        assert_eq!((unpacked.ms, unpacked.bits), (times, values));
    }
}

#[test]
fn a_chunk_of_floats_is_as_the_format_says() {
    // Two samples: count, varint, float, uvarint, and one bit for a value that has not changed.
    let data = pack_floats(&[1, 16], &[1.0_f64.to_bits(), 1.0_f64.to_bits()]);
    let mut expected = vec![0, 2, 2];
    expected.extend(1.0_f64.to_be_bytes());
    expected.extend([15, 0]);
    assert_eq!(data, expected);
}

#[test]
fn histograms_come_back_whatever_their_buckets() {
    let mut random = Random(2);
    for _ in 0..300 {
        let mut all = Vec::new();
        let mut time = 1_700_000_000_000;
        for _ in 0..random.below(4) {
            let (is_float, buckets) = (random.below(2) == 0, random.below(5));
            for _ in 0..random.below(30) {
                time += 1 + random.below(40_000) as i64;
                all.push(histogram(&mut random, time, is_float, buckets));
            }
        }
        let mut unpacked = Unpacked::default();
        for (encoding, first, last, data) in pack_natives(&all, 20) {
            let before = unpacked.histograms.len();
            unpacked.add(encoding, &data).unwrap();
            let added = &unpacked.histograms[before..];
            assert_eq!((added.first().unwrap().ms, added.last().unwrap().ms), (first, last));
            assert!(added.len() <= 20);
        }
        let natives =
            |of: &[Histogram]| of.iter().map(|each| (each.ms, Native::read(&each.message))).collect::<Vec<_>>();
        assert_eq!(natives(&unpacked.histograms), natives(&all));
    }
}

#[test]
fn bounds_come_back_also_those_that_are_no_thousandths() {
    let bounds = [-1.0, 0.0, 0.005, 0.1 + 0.2, 33_554.43, 1e9_f64];
    let mut message = Vec::new();
    put::varint(&mut message, 1, 3);
    put::fixed64(&mut message, 3, 4.5_f64.to_bits());
    put::varint(&mut message, 4, 105);
    put::bytes(&mut message, 16, &bounds.iter().flat_map(|bound| bound.to_le_bytes()).collect::<Vec<u8>>());
    let one = Histogram { ms: 5, message: Bytes::from(message) };
    let stale =
        Histogram { ms: 9, message: Bytes::from([&[0x19][..], &0x7ff0_0000_0000_0002_u64.to_le_bytes()].concat()) };
    let mut unpacked = Unpacked::default();
    let chunks = pack_natives(&[one.clone(), stale], 120);
    assert_eq!(chunks.len(), 1);
    unpacked.add(HISTOGRAM, &chunks[0].3).unwrap();
    let read = Native::read(&unpacked.histograms[0].message);
    assert_eq!(read, Native::read(&one.message));
    assert_eq!(read.layout.bounds.len(), bounds.len());
    assert_eq!(Native::read(&unpacked.histograms[1].message).sum, 0x7ff0_0000_0000_0002);
}

#[test]
fn what_is_no_chunk_is_refused_or_read_but_never_more() {
    let mut random = Random(3);
    let good = pack_floats(&[1, 2, 900], &[5, 6, 7]);
    for _ in 0..20_000 {
        let mut data: Vec<u8> = if random.below(2) == 0 {
            (0..random.below(60)).map(|_| random.next() as u8).collect()
        } else {
            good.clone()
        };
        if !data.is_empty() {
            let at = random.below(data.len() as u64) as usize;
            data[at] ^= 1 << random.below(8);
            data.truncate(random.below(data.len() as u64 + 1) as usize);
        }
        let mut unpacked = Unpacked::default();
        for encoding in 0..=7 {
            unpacked.clear();
            if unpacked.add(encoding, &data).is_err() {
                assert_eq!(unpacked, Unpacked::default());
            }
        }
    }
}

#[test]
fn chunks_of_floats_and_histograms_come_one_after_the_other() {
    let mut random = Random(4);
    let natives: Vec<_> = [5, 6, 20].iter().map(|ms| histogram(&mut random, *ms, false, 1)).collect();
    let packed = pack(&[1, 2, 3, 7, 8, 21], &[0; 6], &natives, 2);
    let spans: Vec<_> = packed.iter().map(|(encoding, first, last, _)| (*encoding, *first, *last)).collect();
    assert_eq!(spans, [(1, 1, 2), (1, 3, 3), (2, 5, 6), (1, 7, 8), (2, 20, 20), (1, 21, 21)]);
}
