//! A window of a block as a segment.

use otelier_disk::Disk;
use otelier_segment::hash::{hash_bytes, mix};
use otelier_segment::write::WriteError;

use super::chunks::Missing;
use super::index::Place;
use super::{Block, Fault, OpenError};
use crate::chunk::Unpacked;
use crate::flush::last_of_equal;
use crate::segment::{Input, Names, Writer, Written};
use crate::view::by_time;

fn unreadable(error: OpenError) -> WriteError {
    match error {
        OpenError::Disk(file, error) => WriteError::Disk(std::io::Error::new(error.kind(), format!("{file}: {error}"))),
        OpenError::Damaged(fault) => WriteError::Damaged { path: fault.file.clone(), what: fault.to_string() },
    }
}

impl Block {
    /// Samples of `from_ms <= time < to_ms`, but those that were deleted. None if there are none. Durable on return; the
    /// manifest is left to the caller. What can't be read is left out and noted in `faults`.
    pub fn write(
        &mut self,
        target: &dyn Disk,
        segments: &str,
        tenant: &str,
        (from_ms, to_ms): (i64, i64),
        now_ns: u64,
    ) -> Result<Option<Written>, WriteError> {
        let names = Names { labels: self.index.names.clone(), ..Names::default() };
        let seed = mix(hash_bytes(tenant.as_bytes()), from_ms as u64);
        let mut writer = Writer::new(target, segments, tenant, &names, now_ns, seed)?;
        let (mut labels, mut unpacked) = (Vec::new(), Unpacked::default());
        for number in 0..self.index.entries.len() {
            let at = self.index.entries[number];
            let places = self.index.series(at, &mut labels, &mut self.faults).map_err(unreadable)?;
            let inside = |place: &Place| place.min_ms < to_ms && place.max_ms >= from_ms;
            unpacked.clear();
            for place in places.unwrap_or_default().iter().filter(|place| inside(place)) {
                self.unpack(place.reference, &mut unpacked)?;
            }
            let deleted = self.tombstones.of(at / self.index.unit);
            let wanted = |ms: i64| {
                (from_ms..to_ms).contains(&ms) && !deleted.iter().any(|(start, end)| (*start..=*end).contains(&ms))
            };
            let Unpacked { ms, bits, histograms } = &mut unpacked;
            histograms.retain(|each| wanted(each.ms));
            let histograms = by_time(std::mem::take(histograms));
            let mut floats: Vec<(i64, u64)> = ms.iter().copied().zip(bits.iter().copied()).collect();
            floats.retain(|(ms, _)| wanted(*ms));
            last_of_equal(&mut floats);
            floats.retain(|(ms, _)| histograms.binary_search_by_key(ms, |each| each.ms).is_err());
            if floats.is_empty() && histograms.is_empty() {
                continue;
            }
            (*ms, *bits) = floats.into_iter().unzip();
            writer.put(&Input { labels: &labels, ms, bits, histograms: &histograms, ..Input::default() })?;
        }
        if writer.is_empty() {
            writer.abandon()?;
            return Ok(None);
        }
        writer.finish(from_ms).map(Some)
    }

    fn unpack(&mut self, reference: u64, out: &mut Unpacked) -> Result<(), WriteError> {
        match self.chunks.get(reference) {
            Ok((encoding, data, place)) => {
                if let Err(what) = out.add(encoding, &data) {
                    self.faults.add(Fault { what: format!("a chunk is left out: {what}"), ..place });
                }
                Ok(())
            }
            Err(Missing::Damaged(fault)) => {
                self.faults.add(fault);
                Ok(())
            }
            Err(Missing::Disk(file, error)) => Err(unreadable(OpenError::Disk(file, error))),
        }
    }
}
