//! Strings that lie in a page's bytes.

use bytes::Bytes;

use super::{Damage, delta};

const CUT: Damage = "strings are cut off";

#[derive(Clone, Debug, Default)]
pub struct Texts {
    bytes: Bytes,
    /// Start and end of each.
    places: Vec<(u32, u32)>,
}

impl Texts {
    /// `places`: start and end of each in `bytes`.
    pub fn new(bytes: Bytes, places: Vec<(u32, u32)>) -> Texts {
        Texts { bytes, places }
    }

    /// `count` strings, each behind its length.
    pub fn plain(bytes: &Bytes, at: usize, count: usize) -> Result<Texts, Damage> {
        let mut places = Vec::with_capacity(count.min(bytes.len() / 4));
        let mut at = at;
        for _ in 0..count {
            let length = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(CUT)?;
            let start = at + 4;
            at =
                start.checked_add(u32::from_le_bytes(*length) as usize).filter(|end| *end <= bytes.len()).ok_or(CUT)?;
            places.push((start as u32, at as u32));
        }
        Ok(Texts { bytes: bytes.clone(), places })
    }

    /// DELTA_LENGTH_BYTE_ARRAY: all `total` lengths, then all strings; those from `from` to `to` of them.
    pub fn by_lengths(bytes: &Bytes, at: usize, total: usize, from: usize, to: usize) -> Result<Texts, Damage> {
        let encoded = bytes.get(at..).ok_or(CUT)?;
        let mut places = Vec::with_capacity(to - from);
        // Where the strings begin is known behind the lengths: places are counted from there.
        let (mut place, mut end, mut bad) = (0, 0u64, false);
        let behind = delta::each(encoded, total, to, |length| {
            let start = end;
            end = u64::try_from(length).ok().and_then(|length| start.checked_add(length)).unwrap_or(u64::MAX);
            bad |= end > u64::from(u32::MAX);
            if place >= from {
                places.push((start as u32, end as u32));
            }
            place += 1;
        })?;
        if bad || end > behind.len() as u64 || bytes.len() > u32::MAX as usize {
            return Err(CUT);
        }
        let first = (bytes.len() - behind.len()) as u32;
        places.iter_mut().for_each(|(start, end)| (*start, *end) = (*start + first, *end + first));
        Ok(Texts { bytes: bytes.clone(), places })
    }

    /// Without the first `count`.
    pub fn skip(mut self, count: usize) -> Texts {
        self.places.drain(..count.min(self.places.len()));
        self
    }

    /// The bytes of all of them behind one another, or of more than them.
    pub fn joined(&self) -> &[u8] {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        self.bytes.len() + 8 * self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn get(&self, at: usize) -> &[u8] {
        self.places.get(at).and_then(|(start, end)| self.bytes.get(*start as usize..*end as usize)).unwrap_or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|at| self.get(at))
    }
}
