//! What was encoded reads back; what was not ends in nothing worse than nothing.

use bytes::Bytes;

use super::*;
use crate::labels;

/// Random numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 11
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    /// As often tiny as huge.
    fn ms(&mut self) -> i64 {
        let shift = self.below(64);
        (self.roll() << 11 >> shift) as i64 * if self.below(2) == 0 { 1 } else { -1 }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Said {
    definitions: Vec<(u32, Vec<u8>, Vec<u8>)>,
    samples: Samples,
    histograms: Vec<(u32, i64, Vec<u8>)>,
    exemplars: Vec<(u32, i64, u64, Vec<u8>)>,
    metadata: Vec<(Vec<u8>, u8, [Vec<u8>; 2])>,
}

impl Said {
    fn at_random(dice: &mut Dice) -> Said {
        let mut said = Said::default();
        let set = |dice: &mut Dice| {
            let mut out = Vec::new();
            labels::put(&mut out, b"a", "x".repeat(dice.below(20) as usize + 1).as_bytes());
            out
        };
        for _ in 0..dice.below(40) {
            let soft = if dice.below(2) == 0 { Vec::new() } else { set(dice) };
            said.definitions.push((dice.below(1 << 32) as u32, set(dice), soft));
        }
        let (mut id, mut ms) = (0_u32, 0);
        for _ in 0..dice.below(200) {
            id = if dice.below(5) == 0 { dice.below(1 << 32) as u32 } else { id.wrapping_add(1) };
            ms = if dice.below(9) == 0 { dice.ms() } else { ms };
            said.samples.ids.push(id);
            said.samples.ms.push(ms);
            said.samples.bits.push(dice.roll() << 11);
        }
        for _ in 0..dice.below(5) {
            said.histograms.push((dice.below(1 << 32) as u32, dice.ms(), set(dice)));
            said.exemplars.push((dice.below(1 << 32) as u32, dice.ms(), dice.roll(), set(dice)));
            said.metadata.push((set(dice), dice.below(8) as u8, [set(dice), Vec::new()]));
        }
        said
    }

    fn encode(&self, epoch: u64) -> Bytes {
        let mut encoder = Encoder::default();
        self.definitions.iter().for_each(|(id, labels, soft)| encoder.define(*id, labels, soft));
        let Samples { ids, ms, bits } = &self.samples;
        for ((id, ms), bits) in ids.iter().zip(ms).zip(bits) {
            encoder.sample(*id, *ms, *bits);
        }
        self.histograms.iter().for_each(|(id, ms, message)| encoder.histogram(*id, *ms, message));
        self.exemplars.iter().for_each(|(id, ms, bits, labels)| encoder.exemplar(*id, *ms, *bits, labels));
        self.metadata.iter().for_each(|(family, kind, [help, unit])| encoder.metadata(family, *kind, help, unit));
        encoder.finish(epoch).concat().into()
    }

    fn decode(record: &Record) -> Said {
        let mut samples = Samples::default();
        let _ = record.samples(&mut samples);
        assert!(samples.ids.len() == samples.ms.len() && samples.ms.len() == samples.bits.len());
        let definitions = record.definitions();
        let histograms = record.histograms();
        let exemplars = record.exemplars();
        let metadata = record.metadata();
        Said {
            definitions: definitions.map(|each| (each.id, each.labels.to_vec(), each.soft.to_vec())).collect(),
            samples,
            histograms: histograms.map(|each| (each.id, each.ms, each.message.to_vec())).collect(),
            exemplars: exemplars.map(|each| (each.id, each.ms, each.bits, each.labels.to_vec())).collect(),
            metadata: metadata
                .map(|each| (each.family.to_vec(), each.kind, [each.help.to_vec(), each.unit.to_vec()]))
                .collect(),
        }
    }
}

#[test]
fn whatever_is_said_reads_back() {
    for seed in 0..500 {
        let said = Said::at_random(&mut Dice(seed));
        let payload = said.encode(seed);
        if said == Said::default() {
            assert!(payload.is_empty(), "{seed}");
            continue;
        }
        let record = Record::decode(&payload).unwrap();
        assert_eq!(record.epoch, seed);
        assert_eq!(Said::decode(&record), said, "{seed}");
    }
}

#[test]
fn damaged_and_cut_payloads_do_no_harm() {
    let mut dice = Dice(7);
    for seed in 0..60 {
        let payload = Said::at_random(&mut Dice(seed)).encode(seed);
        for _ in 0..50 {
            let mut bad = payload.to_vec();
            let Some(length) = (bad.len() as u64).checked_sub(1).filter(|length| *length > 0) else { break };
            for _ in 0..dice.below(4) {
                bad[dice.below(length) as usize] = dice.roll() as u8;
            }
            bad.truncate(dice.below(4 * length) as usize);
            if let Some(record) = Record::decode(&bad.into()) {
                Said::decode(&record);
            }
        }
    }
}

#[test]
fn a_scrape_of_series_in_their_order_takes_hardly_more_than_its_values() {
    let mut encoder = Encoder::default();
    (5..2_005).for_each(|id| encoder.sample(id, 1_700_000_000_000, 1));
    let length: usize = encoder.finish(1).iter().map(Bytes::len).sum();
    assert!(length < 8 * 2_000 + 40, "{length}");
}

#[test]
fn soft_sets_are_written_once_and_read_as_one() {
    let mut soft = Vec::new();
    labels::put(&mut soft, b"k8s.pod.name", "p".repeat(100).as_bytes());
    let mut encoder = Encoder::default();
    (0..3).for_each(|id| encoder.define(id, b"", &soft));
    let payload: Bytes = encoder.finish(1).concat().into();
    assert!(payload.len() < 2 * soft.len());
    let record = Record::decode(&payload).unwrap();
    let read: Vec<&[u8]> = record.definitions().map(|each| each.soft).collect();
    assert!(read.iter().all(|each| std::ptr::eq(*each, read[0]) && *each == &soft[..]));
}

#[test]
fn another_layout_is_not_read() {
    let mut payload = Said::at_random(&mut Dice(1)).encode(1).to_vec();
    payload[0] = 2;
    assert!(Record::decode(&payload.into()).is_none());
    assert!(Record::decode(&Bytes::new()).is_none());
}
