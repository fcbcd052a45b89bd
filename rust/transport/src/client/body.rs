//! A request's body: the batch's segments as they are, one after the other, behind an optional prefix.
//!
//! Nothing is copied: `Rope` hands the HTTP library all segments as one buffer, so that HTTP/2 cuts full frames
//! out of it wherever segments begin and end, and a vectored write sends many segments in one system call.

use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use otelier_wire::{Batch, Segment};

/// Cheap to clone, for a second attempt.
#[derive(Clone)]
pub struct Payload {
    rope: Option<Rope>,
    /// HTTP announces the length; gRPC does not.
    announced: bool,
}

impl Payload {
    /// One gRPC message of the whole batch, or of `bytes` that are the batch compressed.
    pub fn grpc(segments: Arc<[Arc<Segment>]>, compressed: bool) -> Payload {
        let size: usize = segments.iter().map(|s| s.bytes().len()).sum();
        let mut prefix = [0; 5];
        prefix[0] = u8::from(compressed);
        // The caller has checked that the size fits: gRPC counts in 32 bits.
        prefix[1..].copy_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
        Payload { rope: Some(Rope::new(Bytes::copy_from_slice(&prefix), segments)), announced: false }
    }

    pub fn http(segments: Arc<[Arc<Segment>]>) -> Payload {
        Payload { rope: Some(Rope::new(Bytes::new(), segments)), announced: true }
    }

    pub fn len(&self) -> usize {
        self.rope.as_ref().map_or(0, Rope::remaining)
    }
}

/// The batch's segments without copying.
pub fn segments_of(batch: &Batch) -> Arc<[Arc<Segment>]> {
    batch.segments().iter().cloned().collect()
}

/// Bytes made for this request, counted as live like all others.
pub fn one_segment(bytes: Bytes) -> Arc<[Arc<Segment>]> {
    Arc::new([Segment::new(bytes, 0)])
}

impl Body for Payload {
    type Data = Rope;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Rope>, Infallible>>> {
        let rope = self.rope.take().filter(Rope::has_remaining);
        Poll::Ready(rope.map(|rope| Ok(Frame::data(rope))))
    }

    fn is_end_stream(&self) -> bool {
        self.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.announced { SizeHint::with_exact(self.len() as u64) } else { SizeHint::default() }
    }
}

/// Several buffers read as one.
#[derive(Clone)]
pub struct Rope {
    head: Bytes,
    segments: Arc<[Arc<Segment>]>,
    /// The first segment that is not used up, and how much of it is.
    at: usize,
    offset: usize,
    left: usize,
}

impl Rope {
    fn new(head: Bytes, segments: Arc<[Arc<Segment>]>) -> Rope {
        let left = head.len() + segments.iter().map(|s| s.bytes().len()).sum::<usize>();
        Rope { head, segments, at: 0, offset: 0, left }
    }

    fn rest_of_first(&self) -> &[u8] {
        self.segments.get(self.at).and_then(|s| s.bytes().get(self.offset..)).unwrap_or_default()
    }
}

impl Buf for Rope {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        if !self.head.is_empty() {
            return &self.head;
        }
        let first = self.rest_of_first();
        if !first.is_empty() {
            return first;
        }
        self.segments.iter().skip(self.at + 1).map(|s| &s.bytes()[..]).find(|b| !b.is_empty()).unwrap_or_default()
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
        let later = self.segments.iter().skip(self.at + 1).map(|s| &s.bytes()[..]);
        let all = [&self.head[..], self.rest_of_first()].into_iter().chain(later).filter(|b| !b.is_empty());
        into.iter_mut().zip(all).map(|(slot, bytes)| *slot = IoSlice::new(bytes)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rope(parts: &[&'static str]) -> Rope {
        let segments = parts.iter().map(|p| Segment::new(Bytes::from_static(p.as_bytes()), 1)).collect();
        Rope::new(Bytes::from_static(b"head"), segments)
    }

    #[test]
    fn any_steps_read_the_same_bytes() {
        let parts = ["", "one", "", "", "twothree", "f", ""];
        let expected = b"headonetwothreef";
        for step in 1..=expected.len() {
            let (mut rope, mut read) = (rope(&parts), Vec::new());
            while rope.has_remaining() {
                let chunk = rope.chunk();
                let take = chunk.len().min(step);
                assert!(take > 0);
                read.extend_from_slice(&chunk[..take]);
                rope.advance(take);
            }
            assert_eq!(read, expected);
            let mut again = super::tests::rope(&parts);
            again.advance(step);
            assert_eq!(again.copy_to_bytes(expected.len() - step), expected[step..]);
        }
    }

    #[test]
    fn vectored_slices_are_the_rest() {
        let mut rope = rope(&["one", "", "two"]);
        for gone in 0..10 {
            let mut slices = [IoSlice::new(&[]); 8];
            let count = rope.chunks_vectored(&mut slices);
            let seen: Vec<u8> = slices[..count].iter().flat_map(|s| s.to_vec()).collect();
            assert_eq!(seen, b"headonetwo"[gone..]);
            rope.advance(1);
        }
        let mut few = [IoSlice::new(&[]); 1];
        assert_eq!(super::tests::rope(&["x"]).chunks_vectored(&mut few), 1);
    }

    #[test]
    fn a_grpc_message_has_its_prefix_and_no_announced_length() {
        let body = Payload::grpc(one_segment(Bytes::from_static(b"abc")), true);
        assert_eq!((body.len(), body.size_hint().exact(), body.is_end_stream()), (8, None, false));
        assert_eq!(body.rope.unwrap().copy_to_bytes(8), &b"\x01\0\0\0\x03abc"[..]);
        let body = Payload::http(one_segment(Bytes::new()));
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
    }
}
