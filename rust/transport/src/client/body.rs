//! A request's body: the batch's segments as they are, one after the other, behind an optional prefix.
//!
//! Nothing is copied. `Piece` shows the HTTP library many segments as one buffer, so that HTTP/2 cuts full frames
//! out of it wherever segments begin and end, and a vectored write sends many segments in one system call.

use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use otelier_wire::{Batch, Segment};
use parking_lot::Mutex;

/// What the library is given at once. A peer that answers without taking the rest holds up to this much of memory;
/// less would cost more calls.
const PIECE: usize = 256 << 10;

pub type Segments = Arc<[Arc<Segment>]>;

/// The batch's segments without copying.
pub fn segments_of(batch: &Batch) -> Segments {
    batch.segments().iter().cloned().collect()
}

/// Bytes made for this request, counted as live like all others.
pub fn one_segment(bytes: Bytes) -> Segments {
    Arc::new([Segment::new(bytes, 0)])
}

pub fn size_of(segments: &Segments) -> usize {
    segments.iter().map(|s| s.bytes().len()).sum()
}

/// The body of one attempt.
pub struct Payload {
    source: Arc<Mutex<Option<Segments>>>,
    prefix: Bytes,
    /// The first segment that is not used up, and how much of it is.
    at: usize,
    offset: usize,
    left: usize,
    /// HTTP announces the length; gRPC does not.
    announced: bool,
}

/// Takes the rest of a body back when dropped: the answer is there, or nobody waits for it.
pub struct Loan(Arc<Mutex<Option<Segments>>>);

impl Drop for Loan {
    fn drop(&mut self) {
        self.0.lock().take();
    }
}

impl Payload {
    /// One gRPC message; its size must fit into 32 bits.
    pub fn grpc(segments: &Segments, compressed: bool) -> (Payload, Loan) {
        let mut prefix = [u8::from(compressed), 0, 0, 0, 0];
        prefix[1..].copy_from_slice(&u32::try_from(size_of(segments)).unwrap_or(u32::MAX).to_be_bytes());
        Payload::new(Bytes::copy_from_slice(&prefix), segments, false)
    }

    pub fn http(segments: &Segments) -> (Payload, Loan) {
        Payload::new(Bytes::new(), segments, true)
    }

    fn new(prefix: Bytes, segments: &Segments, announced: bool) -> (Payload, Loan) {
        let source = Arc::new(Mutex::new(Some(segments.clone())));
        let left = prefix.len() + size_of(segments);
        (Payload { source: source.clone(), prefix, at: 0, offset: 0, left, announced }, Loan(source))
    }

    fn next_piece(&mut self) -> Option<Piece> {
        let segments = self.source.lock().clone()?;
        let head = std::mem::take(&mut self.prefix);
        let left = self.left.min(PIECE);
        let mut piece = Piece { head, segments: Vec::new(), at: 0, offset: self.offset, left };
        let mut wanted = left - piece.head.len();
        while wanted > 0 {
            let segment = segments.get(self.at)?;
            let here = segment.bytes().len() - self.offset;
            piece.segments.push(segment.clone());
            if wanted < here {
                self.offset += wanted;
                break;
            }
            wanted -= here;
            self.at += 1;
            self.offset = 0;
        }
        self.left -= left;
        Some(piece)
    }
}

impl Body for Payload {
    type Data = Piece;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, Infallible>>> {
        let piece = if self.left == 0 { None } else { self.next_piece() };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.announced { SizeHint::with_exact(self.left as u64) } else { SizeHint::default() }
    }
}

/// Several buffers read as one.
pub struct Piece {
    head: Bytes,
    segments: Vec<Arc<Segment>>,
    at: usize,
    offset: usize,
    left: usize,
}

impl Piece {
    fn rest_of_first(&self) -> &[u8] {
        self.segments.get(self.at).and_then(|s| s.bytes().get(self.offset..)).unwrap_or_default()
    }

    /// All that is left, and maybe more of the last segment than belongs to this piece.
    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let later = self.segments.iter().skip(self.at + 1).map(|s| &s.bytes()[..]);
        [&self.head[..], self.rest_of_first()].into_iter().chain(later).filter(|b| !b.is_empty())
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        let first = self.slices().next().unwrap_or_default();
        first.get(..self.left).unwrap_or(first)
    }

    fn advance(&mut self, count: usize) {
        assert!(count <= self.left, "advanced past the end of a body");
        self.left -= count;
        let from_head = count.min(self.head.len());
        self.head.advance(from_head);
        let mut count = count - from_head;
        while count > 0 {
            let here = self.rest_of_first().len();
            if count < here {
                self.offset += count;
                return;
            }
            count -= here;
            self.at += 1;
            self.offset = 0;
        }
    }

    fn chunks_vectored<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let (mut left, mut count) = (self.left, 0);
        for (slot, bytes) in into.iter_mut().zip(self.slices()) {
            let bytes = bytes.get(..left).unwrap_or(bytes);
            *slot = IoSlice::new(bytes);
            left -= bytes.len();
            count += 1;
            if left == 0 {
                break;
            }
        }
        if self.left == 0 { 0 } else { count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(parts: &[&[u8]]) -> Segments {
        parts.iter().map(|p| Segment::new(Bytes::copy_from_slice(p), 1)).collect()
    }

    fn piece(parts: &[&[u8]], left: usize) -> Piece {
        Piece { head: Bytes::from_static(b"head"), segments: segments(parts).to_vec(), at: 0, offset: 0, left }
    }

    #[test]
    fn any_steps_read_the_same_bytes() {
        let parts: [&[u8]; 7] = [b"", b"one", b"", b"", b"twothree", b"f", b"beyond"];
        let expected = b"headonetwothreef";
        for step in 1..=expected.len() {
            let (mut stepwise, mut read) = (piece(&parts, expected.len()), Vec::new());
            while stepwise.has_remaining() {
                let chunk = stepwise.chunk();
                let take = chunk.len().min(step);
                assert!(take > 0);
                read.extend_from_slice(&chunk[..take]);
                stepwise.advance(take);
            }
            assert_eq!(read, expected);
            let mut rest = piece(&parts, expected.len());
            rest.advance(step);
            assert_eq!(rest.copy_to_bytes(expected.len() - step), expected[step..]);
        }
    }

    #[test]
    fn vectored_slices_are_the_rest() {
        let mut piece = piece(&[b"one", b"", b"two..."], 10);
        for gone in 0..=10 {
            let mut slices = [IoSlice::new(&[]); 8];
            let count = piece.chunks_vectored(&mut slices);
            let seen: Vec<u8> = slices[..count].iter().flat_map(|s| s.to_vec()).collect();
            assert_eq!(seen, b"headonetwo"[gone..]);
            if gone < 10 {
                piece.advance(1);
            }
        }
    }

    #[test]
    fn pieces_are_the_whole() {
        let large: Vec<u8> = (0..PIECE * 2 + 12_345).map(|i| i as u8).collect();
        for cut in [0, 1, 1000, PIECE - 5, PIECE, PIECE + 1, large.len()] {
            let (first, second) = large.split_at(cut);
            let (mut payload, _loan) = Payload::grpc(&segments(&[first, b"", second]), true);
            let mut seen = Vec::new();
            while let Some(mut piece) = payload.next_piece().filter(|p| p.has_remaining()) {
                seen.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
            }
            assert_eq!(seen[..5], [1, 0, 8, 0x30, 0x39]);
            assert!(seen[5..] == large, "cut at {cut}");
            assert!(payload.is_end_stream());
        }
    }

    #[test]
    fn what_was_lent_comes_back() {
        let (mut payload, loan) = Payload::http(&segments(&[&vec![7; PIECE * 4]]));
        assert_eq!(payload.size_hint().exact(), Some(PIECE as u64 * 4));
        assert!(payload.next_piece().is_some());
        drop(loan);
        assert!(payload.next_piece().is_none());
        let (payload, _loan) = Payload::http(&one_segment(Bytes::new()));
        assert!(payload.is_end_stream());
    }
}
