//! Writes the payload of a record.

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_wire::protobuf::put_varint;

use super::runs::{Runs, zigzag};
use super::{DEFINITIONS, EXEMPLARS, HISTOGRAMS, METADATA, PACKED, SAMPLES, SOFT_SETS, VERSION};

/// Fewer bytes of text are not packed.
const PACK_FROM: usize = 512;
/// Label sets repeat each other so much that a better one gains nothing.
const ZSTD_LEVEL: i32 = 1;

/// Collects what a record says, in the order in which it shall be read.
#[derive(Debug, Default)]
pub struct Encoder {
    soft_sets: Vec<u8>,
    soft_places: HashMap<Vec<u8>, usize>,
    definitions: Vec<u8>,
    ids: Runs<1>,
    times: Runs<0>,
    /// Little endian, eight bytes each.
    values: Vec<u8>,
    histograms: Vec<u8>,
    exemplars: Vec<u8>,
    metadata: Vec<u8>,
}

impl Encoder {
    /// What `id` means in this epoch: label sets as in `labels.rs`; `soft` may be empty.
    pub fn define(&mut self, id: u32, labels: &[u8], soft: &[u8]) {
        let soft = if soft.is_empty() { 0 } else { self.soft_set(soft) };
        put_varint(&mut self.definitions, id as usize);
        put_varint(&mut self.definitions, soft);
        put_bytes(&mut self.definitions, labels);
    }

    /// Room for so many samples.
    pub fn reserve(&mut self, samples: usize) {
        self.values.reserve(8 * samples);
    }

    #[inline]
    pub fn sample(&mut self, id: u32, ms: i64, bits: u64) {
        self.ids.push(id.into());
        self.times.push(ms);
        self.values.extend_from_slice(&bits.to_le_bytes());
    }

    /// `message`: an encoded `io.prometheus.write.v2.Histogram`.
    pub fn histogram(&mut self, id: u32, ms: i64, message: &[u8]) {
        put_varint(&mut self.histograms, id as usize);
        put_varint(&mut self.histograms, zigzag(ms) as usize);
        put_bytes(&mut self.histograms, message);
    }

    pub fn exemplar(&mut self, id: u32, ms: i64, bits: u64, labels: &[u8]) {
        put_varint(&mut self.exemplars, id as usize);
        put_varint(&mut self.exemplars, zigzag(ms) as usize);
        self.exemplars.extend_from_slice(&bits.to_le_bytes());
        put_bytes(&mut self.exemplars, labels);
    }

    /// `kind`: as in remote write: 0 unknown, 1 counter, 2 gauge, 3 histogram, 4 gauge histogram, 5 summary, 6 info, 7 state set.
    pub fn metadata(&mut self, family: &[u8], kind: u8, help: &[u8], unit: &[u8]) {
        self.metadata.push(kind);
        [family, help, unit].into_iter().for_each(|text| put_bytes(&mut self.metadata, text));
    }

    /// The payload, in parts; empty if nothing was said.
    pub fn finish(self, epoch: u64) -> Vec<Bytes> {
        let mut texts = Vec::new();
        put_section(&mut texts, SOFT_SETS, &[&self.soft_sets]);
        put_section(&mut texts, DEFINITIONS, &[&self.definitions]);
        put_section(&mut texts, METADATA, &[&self.metadata]);
        let mut head = vec![VERSION];
        head.extend_from_slice(&epoch.to_le_bytes());
        let packed = (texts.len() >= PACK_FROM).then(|| zstd::bulk::compress(&texts, ZSTD_LEVEL).ok()).flatten();
        match packed {
            Some(packed) => {
                let mut length = Vec::new();
                put_varint(&mut length, texts.len());
                put_section(&mut head, PACKED, &[&length, &packed]);
            }
            None => head.append(&mut texts),
        }
        put_section(&mut head, HISTOGRAMS, &[&self.histograms]);
        put_section(&mut head, EXEMPLARS, &[&self.exemplars]);
        if !self.values.is_empty() {
            let mut columns = Vec::new();
            put_varint(&mut columns, self.values.len() / 8);
            put_bytes(&mut columns, &self.ids.finish());
            put_bytes(&mut columns, &self.times.finish());
            head.push(SAMPLES);
            put_varint(&mut head, columns.len() + self.values.len());
            head.extend_from_slice(&columns);
            return vec![head.into(), self.values.into()];
        }
        if head.len() == 9 { Vec::new() } else { vec![head.into()] }
    }

    /// Its number in this record, from 1 on.
    fn soft_set(&mut self, soft: &[u8]) -> usize {
        if let Some(place) = self.soft_places.get(soft) {
            return *place;
        }
        put_bytes(&mut self.soft_sets, soft);
        let place = self.soft_places.len() + 1;
        self.soft_places.insert(soft.to_vec(), place);
        place
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Nothing if the parts are empty.
fn put_section(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    if length > 0 {
        out.push(kind);
        put_varint(out, length);
        parts.iter().for_each(|part| out.extend_from_slice(part));
    }
}
