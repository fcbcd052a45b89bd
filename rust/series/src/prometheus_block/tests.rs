use std::sync::Arc;

use otelier_disk::{Disk, Operations, SimulatedDisk};

use super::*;
use crate::chunk::{HISTOGRAM, Packed, pack};
use crate::exposition::put;
use crate::labels;
use crate::read::{Rows, Segment};
use crate::segment::Histogram;

type Labels = Vec<(&'static str, &'static str)>;

/// A block as it is written here: labels of each series, its chunks (encoding, first and last time, data).
#[derive(Default)]
struct Writing {
    series: Vec<(Labels, Vec<Packed>)>,
    tombstones: Vec<(usize, i64, i64)>,
}

fn uvarint(out: &mut Vec<u8>, value: u64) {
    otelier_wire::protobuf::put_varint(out, value as usize);
}

fn varint(out: &mut Vec<u8>, value: i64) {
    uvarint(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn checksum(out: &mut Vec<u8>, from: usize) {
    let sum = crc32c::crc32c(&out[from..]);
    out.extend(sum.to_be_bytes());
}

impl Writing {
    /// Index, file of chunks, tombstones.
    fn files(&self, version: u8) -> [Vec<u8>; 3] {
        let mut texts: Vec<&str> =
            self.series.iter().flat_map(|each| each.0.iter().flat_map(|pair| [pair.0, pair.1])).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut index = vec![0xba, 0xaa, 0xd7, 0x00, version];
        let mut symbols = (texts.len() as u32).to_be_bytes().to_vec();
        let mut places = Vec::new();
        for text in &texts {
            places.push(if version == 1 { 9 + symbols.len() } else { places.len() });
            uvarint(&mut symbols, text.len() as u64);
            symbols.extend(text.bytes());
        }
        index.extend((symbols.len() as u32).to_be_bytes());
        index.extend(&symbols);
        checksum(&mut index, 9);
        let unit = if version == 1 { 1 } else { 16 };
        index.resize(index.len().next_multiple_of(unit), 0);
        let series = index.len();
        let (mut chunks, mut numbers) = (vec![0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0], Vec::new());
        for (labels, own) in &self.series {
            let mut body = Vec::new();
            uvarint(&mut body, labels.len() as u64);
            for text in labels.iter().flat_map(|pair| [pair.0, pair.1]) {
                uvarint(&mut body, places[texts.binary_search(&text).unwrap()] as u64);
            }
            uvarint(&mut body, own.len() as u64);
            let (mut end, mut before) = (0, 0);
            for (number, (encoding, min, max, data)) in own.iter().enumerate() {
                let place = chunks.len() as i64;
                if number == 0 {
                    varint(&mut body, *min);
                    uvarint(&mut body, (max - min) as u64);
                    uvarint(&mut body, place as u64);
                } else {
                    uvarint(&mut body, (min - end) as u64);
                    uvarint(&mut body, (max - min) as u64);
                    varint(&mut body, place - before);
                }
                (end, before) = (*max, place);
                uvarint(&mut chunks, data.len() as u64);
                let from = chunks.len();
                chunks.push(*encoding);
                chunks.extend(data);
                checksum(&mut chunks, from);
            }
            index.resize(index.len().next_multiple_of(unit), 0);
            numbers.push(index.len() / unit);
            uvarint(&mut index, body.len() as u64);
            let from = index.len();
            index.extend(body);
            checksum(&mut index, from);
        }
        let postings = index.len();
        index.extend([0; 4]);
        let from = index.len();
        for place in [5, series, 0, 0, postings, postings] {
            index.extend((place as u64).to_be_bytes());
        }
        checksum(&mut index, from);
        let mut tombstones = vec![0x01, 0x30, 0xba, 0x30, 1];
        for (series, start, end) in &self.tombstones {
            uvarint(&mut tombstones, numbers[*series] as u64);
            varint(&mut tombstones, *start);
            varint(&mut tombstones, *end);
        }
        checksum(&mut tombstones, 5);
        [index, chunks, tombstones]
    }
}

fn disk_with(files: &[Vec<u8>; 3]) -> Arc<dyn Disk> {
    let disk = SimulatedDisk::new(Operations::new(false, 0));
    otelier_disk::ensure_dir(&disk, "01A/chunks").unwrap();
    for (path, bytes) in ["01A/index", "01A/chunks/000001", "01A/tombstones"].iter().zip(files) {
        disk.create(path).unwrap().write(&[bytes]).unwrap();
    }
    Arc::new(disk)
}

fn floats(times: &[i64], first: f64) -> Packed {
    let values: Vec<u64> = (0..times.len()).map(|number| (first + number as f64).to_bits()).collect();
    pack(times, &values, &[], 120).remove(0)
}

fn natives(times: &[i64]) -> Packed {
    let one = |ms: &i64| {
        let mut message = Vec::new();
        put::varint(&mut message, 1, 4);
        put::fixed64(&mut message, 3, 2.5_f64.to_bits());
        put::varint(&mut message, 6, 4);
        put::varint(&mut message, 15, *ms as u64);
        Histogram { ms: *ms, message: message.into() }
    };
    pack(&[], &[], &times.iter().map(one).collect::<Vec<_>>(), 120).remove(0)
}

fn example() -> Writing {
    Writing {
        series: vec![
            (vec![("Z", "1"), ("__name__", "up")], vec![floats(&[1000, 2000, 3000], 1.0), floats(&[4000, 5000], 9.0)]),
            (vec![("__name__", "latency"), ("job", "a")], vec![natives(&[1000, 2000, 7_300_000])]),
            (vec![("__name__", "up"), ("job", "a")], vec![floats(&[1000, 7_200_000, 7_300_000], 5.0)]),
        ],
        tombstones: vec![(0, 2000, 4000)],
    }
}

type Read = Vec<(String, Vec<(i64, f64)>, Vec<i64>)>;

/// All samples of a segment.
fn read(disk: &Arc<dyn Disk>, path: &str) -> Read {
    let segment = Segment::open(disk, path).unwrap();
    let natives = crate::read::Natives::open(&segment).unwrap();
    let mut rows = Rows::new(segment);
    let mut all = Vec::new();
    while let Some(row) = rows.next_row().unwrap() {
        let floats = row.ms.iter().zip(&row.bits).map(|(ms, bits)| (*ms, f64::from_bits(*bits))).collect();
        let times = natives.as_ref().map_or(Vec::new(), |natives| natives.times(row.number).to_vec());
        all.push((labels::text(&row.labels), floats, times));
    }
    all
}

fn imported(block: &mut Block, window: (i64, i64)) -> Read {
    let target: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
    let written = block.write(&*target, "segments", "default", window, 7).unwrap();
    written.map_or(Vec::new(), |written| read(&target, &written.path))
}

#[test]
fn a_window_of_a_block_becomes_a_segment_in_our_order_without_what_was_deleted() {
    for version in 1..=3 {
        let mut block = Block::open(&disk_with(&example().files(version)), "01A").unwrap();
        assert_eq!((block.series(), block.range()), (3, Some((1000, 7_300_000))));
        let read = imported(&mut block, (0, 7_200_000));
        assert_eq!(
            read,
            [
                ("latency{job=\"a\"}".into(), vec![], vec![1000, 2000]),
                ("up{Z=\"1\"}".into(), vec![(1000, 1.0), (5000, 10.0)], vec![]),
                ("up{job=\"a\"}".into(), vec![(1000, 5.0)], vec![]),
            ]
        );
        let read = imported(&mut block, (7_200_000, 7_300_001));
        assert_eq!(
            read,
            [
                ("latency{job=\"a\"}".into(), vec![], vec![7_300_000]),
                ("up{job=\"a\"}".into(), vec![(7_200_000, 6.0), (7_300_000, 7.0)], vec![]),
            ]
        );
        assert_eq!(imported(&mut block, (8_000_000, 9_000_000)), []);
        assert_eq!(block.faults.count(), 0);
    }
}

#[test]
fn a_damaged_chunk_costs_its_samples_and_says_where_it_is() {
    let mut files = example().files(2);
    let at = 8 + 2 + 5;
    files[1][at] ^= 0x10;
    let mut block = Block::open(&disk_with(&files), "01A").unwrap();
    let read = imported(&mut block, (0, 7_200_000));
    assert_eq!(read[1], ("up{Z=\"1\"}".into(), vec![(5000, 10.0)], vec![]));
    assert_eq!(read.len(), 3);
    let said: Vec<String> = block.faults.kept.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["01A/chunks/000001 at byte 8: a chunk is damaged"]);
}

#[test]
fn a_damaged_entry_costs_its_series() {
    let files = example().files(2);
    let series = u64::from_be_bytes(files[0][files[0].len() - 44..][..8].try_into().unwrap()) as usize;
    let mut files = files;
    files[0][series] = 0xff;
    let mut block = Block::open(&disk_with(&files), "01A").unwrap();
    assert_eq!(block.series(), 2);
    assert_eq!(block.faults.kept[0].offset, series as u64);
    assert_eq!(imported(&mut block, (0, 7_200_000)).len(), 2);
}

#[test]
fn whatever_byte_is_damaged_the_rest_is_read_or_the_place_is_named() {
    let good = example().files(2);
    for file in 0..3 {
        for at in 0..good[file].len() {
            let mut files = good.clone();
            files[file][at] ^= 1 << (at % 8);
            match Block::open(&disk_with(&files), "01A") {
                Err(OpenError::Damaged(fault)) => assert!(fault.file.starts_with("01A/")),
                Err(error) => panic!("{error:?}"),
                Ok(mut block) => {
                    let read = imported(&mut block, (0, 7_200_000));
                    assert!(block.faults.count() > 0 || read.len() == 3, "{file} {at}: {read:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_block_is_an_error_of_the_disk() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
    assert!(matches!(Block::open(&disk, "01A"), Err(OpenError::Disk(file, _)) if file == "01A/index"));
}

#[test]
fn histograms_are_in_chunks_of_their_own_kind() {
    assert_eq!(natives(&[1, 2]).0, HISTOGRAM);
}

/// A log's file: records cut into fragments as pages end.
fn log_file(records: &[Vec<u8>]) -> Vec<u8> {
    const PAGE: usize = 32 << 10;
    let mut out = Vec::new();
    for record in records {
        let mut rest = &record[..];
        let mut is_first = true;
        loop {
            let left = PAGE - out.len() % PAGE;
            if left <= 7 {
                out.resize(out.len() + left, 0);
                continue;
            }
            let (part, after) = rest.split_at(rest.len().min(left - 7));
            let kind = match (is_first, after.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            out.push(kind);
            out.extend((part.len() as u16).to_be_bytes());
            out.extend(crc32c::crc32c(part).to_be_bytes());
            out.extend(part);
            (rest, is_first) = (after, false);
            if rest.is_empty() {
                break;
            }
        }
    }
    out
}

fn series_record(first: u64, count: u64) -> Vec<u8> {
    let mut record = vec![1];
    for reference in first..first + count {
        record.extend(reference.to_be_bytes());
        uvarint(&mut record, 2);
        for text in ["__name__", "up", "number", &reference.to_string()] {
            uvarint(&mut record, text.len() as u64);
            record.extend(text.bytes());
        }
    }
    record
}

fn samples_record(first: u64, count: u64, ms: i64) -> Vec<u8> {
    let mut record = vec![2];
    record.extend(first.to_be_bytes());
    record.extend(ms.to_be_bytes());
    for number in 0..count as i64 {
        varint(&mut record, number);
        varint(&mut record, number);
        record.extend((number as f64).to_bits().to_be_bytes());
    }
    record
}

fn log_disk(files: &[(&str, Vec<u8>)]) -> Arc<dyn Disk> {
    let disk = SimulatedDisk::new(Operations::new(false, 0));
    for (path, bytes) in files {
        otelier_disk::ensure_dir(&disk, path.rsplit_once('/').unwrap().0).unwrap();
        disk.create(path).unwrap().write(&[bytes]).unwrap();
    }
    Arc::new(disk)
}

/// How many samples and series there are, by batches.
fn logged(wal: &mut Wal) -> (usize, usize) {
    let mut found = (0, 0);
    while let Some(samples) = wal.read().unwrap() {
        found.0 += samples.samples();
        found.1 = samples.series();
    }
    found
}

#[test]
fn a_log_is_read_from_its_checkpoint_on() {
    let mut deleted = vec![3];
    deleted.extend(7_u64.to_be_bytes());
    varint(&mut deleted, 0);
    varint(&mut deleted, 10_000);
    let disk = log_disk(&[
        ("wal/00000001", log_file(&[series_record(900, 5)])),
        ("wal/checkpoint.00000002/00000000", log_file(&[series_record(1, 3000), samples_record(1, 3000, 5)])),
        ("wal/00000003", log_file(&[samples_record(1, 3000, 90_000), deleted])),
        ("wbl/00000000", log_file(&[samples_record(5, 10, 1)])),
    ]);
    let mut wal = Wal::open(disk, "").unwrap();
    assert_eq!(wal.series(), 3000);
    // Of one series two are deleted: at 11 and, out of order, at 3.
    assert_eq!(logged(&mut wal), (6010 - 2, 3000));
    assert_eq!(wal.faults.count(), 0);
}

#[test]
fn of_a_log_that_is_being_written_the_end_may_be_missing() {
    let whole = log_file(&[series_record(1, 10), samples_record(1, 10, 5), samples_record(1, 10, 50)]);
    for length in 0..whole.len() {
        let mut wal = Wal::open(log_disk(&[("wal/00000000", whole[..length].to_vec())]), "").unwrap();
        assert!(logged(&mut wal).0 <= 20);
        assert_eq!(wal.faults.count(), 0, "{length}");
    }
}

#[test]
fn damage_in_a_log_costs_the_rest_of_the_file_and_is_named() {
    let mut first = log_file(&[series_record(1, 3000), samples_record(1, 3000, 5)]);
    let second = log_file(&[samples_record(1, 10, 50_000)]);
    let at = first.len() - 40_000;
    first[at] ^= 1;
    let mut wal = Wal::open(log_disk(&[("wal/00000000", first), ("wal/00000001", second)]), "").unwrap();
    let found = logged(&mut wal);
    assert!(found.0 <= 10, "{found:?}");
    assert_eq!(wal.faults.kept[0].file, "wal/00000000");
}
