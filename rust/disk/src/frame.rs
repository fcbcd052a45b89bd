//! Frames: bodies in a file, each behind a checksum. See docs/spec/records.md.
//!
//! `magic u32 | crc32c u32 of all that follows in the frame | length u32 of the body | body`, little endian.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::ReadAt;

/// "OTR0" as bytes in the file.
pub const MAGIC: u32 = 0x3052_544f;
pub const HEADER_LEN: usize = 12;
/// Longer bodies are neither written nor believed.
pub const MAX_BODY: usize = 1 << 30;

/// Read at once, unless a frame is longer.
const CHUNK: usize = 4 << 20;

/// The header in front of a body that consists of `parts`. InvalidInput if that is longer than [`MAX_BODY`].
pub fn header<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone) -> io::Result<[u8; HEADER_LEN]> {
    let len: usize = parts.clone().map(<[u8]>::len).sum();
    if len > MAX_BODY {
        let text = format!("a record of {len} bytes is longer than {MAX_BODY}: split it");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let length = (len as u32).to_le_bytes();
    let crc = parts.fold(crc32c::crc32c(&length), crc32c::crc32c_append);
    let mut out = [0; HEADER_LEN];
    out[..4].copy_from_slice(&MAGIC.to_le_bytes());
    out[4..8].copy_from_slice(&crc.to_le_bytes());
    out[8..].copy_from_slice(&length);
    Ok(out)
}

/// Appends a frame to `out`.
pub fn put(out: &mut Vec<u8>, body: &[u8]) -> io::Result<()> {
    out.extend_from_slice(&header([body].into_iter())?);
    out.extend_from_slice(body);
    Ok(())
}

#[derive(Clone, Debug)]
pub struct Frame {
    /// Of the frame in its file; its body lies [`HEADER_LEN`] behind.
    pub offset: u64,
    pub body: Bytes,
}

/// Reads the frames of a file from front to back. Bodies are slices of the chunks read: nothing is copied.
///
/// A frame that is no good ends the file if no good one follows: a torn tail. Otherwise what lies between is damaged:
/// skipped and reported.
#[derive(Debug)]
pub struct Frames {
    source: Arc<dyn ReadAt>,
    at: u64,
    len: u64,
    live: bool,
    chunk: Bytes,
    chunk_at: u64,
    damage: Vec<Range<u64>>,
}

impl Frames {
    /// The frames of a file that nobody writes any more, from the one at `offset` on.
    pub fn sealed(source: Arc<dyn ReadAt>, offset: u64) -> io::Result<Frames> {
        let len = source.len()?;
        Ok(Frames { source, at: offset, len, live: false, chunk: Bytes::new(), chunk_at: 0, damage: Vec::new() })
    }

    /// The frames of a file that is being written: an unfinished one at its end is not there yet.
    pub fn live(source: Arc<dyn ReadAt>, offset: u64) -> io::Result<Frames> {
        Ok(Frames { live: true, ..Frames::sealed(source, offset)? })
    }

    /// The frames of bytes in memory.
    pub fn of(bytes: Bytes) -> io::Result<Frames> {
        Frames::sealed(Arc::new(Memory(bytes)), 0)
    }

    /// Behind the last good frame that was answered.
    pub fn offset(&self) -> u64 {
        self.at
    }

    /// Bytes behind the last good frame, once there is no next one: what a crash left of a frame.
    pub fn torn(&self) -> u64 {
        self.len.saturating_sub(self.at)
    }

    /// Ranges skipped so far because good frames lie behind them.
    pub fn damage(&self) -> &[Range<u64>] {
        &self.damage
    }

    pub fn damaged_bytes(&self) -> u64 {
        self.damage.iter().map(|range| range.end - range.start).sum()
    }

    /// The next good frame. None at the end, or at a torn tail.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        if self.at >= self.len {
            return Ok(None);
        }
        let mut offset = self.at;
        let mut found = self.probe(offset)?;
        if let Found::Bad { claimed } = found {
            if self.live && claimed.is_none_or(|end| end > self.len) {
                return Ok(None);
            }
            let Some(next) = self.next_good(claimed)? else { return Ok(None) };
            self.damage.push(self.at..next);
            (self.at, offset) = (next, next);
            found = self.probe(offset)?;
        }
        let Found::Good(body) = found else { return Ok(None) };
        self.at = offset + (HEADER_LEN + body.len()) as u64;
        Ok(Some(Frame { offset, body }))
    }

    fn probe(&mut self, offset: u64) -> io::Result<Found> {
        let Some(header) = self.bytes(offset, HEADER_LEN)? else { return Ok(Found::Bad { claimed: None }) };
        let (magic, crc, len) = (word(&header, 0), word(&header, 4), word(&header, 8) as usize);
        if magic != MAGIC || len > MAX_BODY {
            return Ok(Found::Bad { claimed: None });
        }
        let bad = Found::Bad { claimed: Some(offset + (HEADER_LEN + len) as u64) };
        let Some(frame) = self.bytes(offset, HEADER_LEN + len)? else { return Ok(bad) };
        let right = crc32c::crc32c(&frame[8..]) == crc;
        Ok(if right { Found::Good(frame.slice(HEADER_LEN..)) } else { bad })
    }

    /// Where the next good frame behind the bad one at `self.at` begins. Where the bad one says it ends, if that is
    /// right: what lies inside of a damaged body must not be taken for frames. Else the first in the bytes behind it.
    /// The file's end if that is too dear to find out.
    fn next_good(&mut self, claimed: Option<u64>) -> io::Result<Option<u64>> {
        if let Some(end) = claimed
            && matches!(self.probe(end)?, Found::Good(_))
        {
            return Ok(Some(end));
        }
        let mut from = self.at + 1;
        // Bytes may be full of things that look like headers. Each costs a checksum, so their sum is bounded.
        let mut budget = 8 * (self.len - self.at) + (64 << 20);
        while let Some(window) = self.window(from)? {
            let Some(position) = position_of_magic(&window) else {
                from += (window.len() - 3) as u64;
                continue;
            };
            let candidate = from + position as u64;
            match self.probe(candidate)? {
                Found::Good(_) => return Ok(Some(candidate)),
                Found::Bad { claimed } => {
                    let cost = claimed.filter(|end| *end <= self.len).map_or(HEADER_LEN as u64, |end| end - candidate);
                    let Some(left) = budget.checked_sub(cost) else { return Ok(Some(self.len)) };
                    budget = left;
                }
            }
            from = candidate + 1;
        }
        Ok(None)
    }

    /// The bytes at `offset` that are at hand, at least a header's; none if the file has no more of them.
    fn window(&mut self, offset: u64) -> io::Result<Option<Bytes>> {
        if self.bytes(offset, HEADER_LEN)?.is_none() {
            return Ok(None);
        }
        Ok(Some(self.chunk.slice((offset - self.chunk_at) as usize..)))
    }

    /// `len` bytes at `offset`; none if the file, as long as it was at the beginning, ends before.
    fn bytes(&mut self, offset: u64, len: usize) -> io::Result<Option<Bytes>> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
            return Ok(None);
        }
        let at_hand = |frames: &Frames| {
            let start = usize::try_from(offset.checked_sub(frames.chunk_at)?).ok()?;
            let end = start.checked_add(len)?;
            (end <= frames.chunk.len()).then(|| frames.chunk.slice(start..end))
        };
        if let Some(bytes) = at_hand(self) {
            return Ok(Some(bytes));
        }
        let there = usize::try_from(self.len - offset).unwrap_or(usize::MAX);
        self.chunk = self.source.read_at(offset, len.max(CHUNK).min(there))?;
        self.chunk_at = offset;
        Ok(at_hand(self))
    }
}

enum Found {
    Good(Bytes),
    /// And where it would end, if its header can be believed.
    Bad {
        claimed: Option<u64>,
    },
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn position_of_magic(bytes: &[u8]) -> Option<usize> {
    let magic = MAGIC.to_le_bytes();
    let mut from = 0;
    loop {
        let first = from + bytes.get(from..)?.iter().position(|byte| *byte == magic[0])?;
        if bytes.get(first..first + 4)? == magic {
            return Some(first);
        }
        from = first + 1;
    }
}

#[derive(Debug)]
struct Memory(Bytes);

impl ReadAt for Memory {
    fn read_at(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        Ok(self.0.slice(start..start.saturating_add(len).min(self.0.len())))
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }
}
