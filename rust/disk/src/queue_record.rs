//! Records of a queue's files. See docs/spec/queue.md.

use std::io;

use bytes::Bytes;
use otelier_wire::{Batch, Metadata, Segment, Signal};

use crate::commit::Place;
use crate::frame;

const ITEM: u8 = 1;
const DONE: u8 = 2;
/// The body's bytes before an item's metadata.
const FIXED: usize = 20;

pub(crate) enum QueueRecord {
    /// A batch was accepted.
    Item(Batch),
    /// The items at these places need not be kept any longer.
    Done(Vec<Place>),
}

/// The frame of an item: what stands before the telemetry, and the telemetry.
pub(crate) fn item(batch: &Batch, now_ns: u64) -> io::Result<Vec<Bytes>> {
    let signal = match batch.signal() {
        Signal::Traces => 0,
        Signal::Metrics => 1,
        Signal::Logs => 2,
    };
    let too_many = |_| io::Error::new(io::ErrorKind::InvalidInput, "too many items for one record");
    let items = u32::try_from(batch.items()).map_err(too_many)?;
    let metadata = encode_metadata(batch)?;
    let mut head = vec![0; frame::HEADER_LEN];
    head.extend_from_slice(&[ITEM, signal, 0, 0]);
    head.extend_from_slice(&items.to_le_bytes());
    head.extend_from_slice(&now_ns.to_le_bytes());
    head.extend_from_slice(&(metadata.len() as u32).to_le_bytes());
    head.extend_from_slice(&metadata);
    let otlp = batch.segments().iter().map(|segment| segment.bytes());
    let body = [&head[frame::HEADER_LEN..]].into_iter().chain(otlp.clone().map(|part| &part[..]));
    let header = frame::header(body)?;
    head[..frame::HEADER_LEN].copy_from_slice(&header);
    Ok([Bytes::from(head)].into_iter().chain(otlp.cloned()).collect())
}

/// The frame that ends the items at these places.
pub(crate) fn done(places: &[Place]) -> io::Result<Bytes> {
    let mut body = Vec::with_capacity(4 + 16 * places.len());
    body.extend_from_slice(&[DONE, 0, 0, 0]);
    for place in places {
        body.extend_from_slice(&place.generation.to_le_bytes());
        body.extend_from_slice(&place.offset.to_le_bytes());
    }
    let mut out = Vec::with_capacity(frame::HEADER_LEN + body.len());
    frame::put(&mut out, &body)?;
    Ok(out.into())
}

/// None for a body that is no record of a queue.
pub(crate) fn decode(body: &Bytes) -> Option<QueueRecord> {
    match *body.first()? {
        ITEM => decode_item(body).map(QueueRecord::Item),
        DONE if body.len() % 16 == 4 => {
            let place = |at: &[u8]| Place { generation: u64_of(&at[..8]), offset: u64_of(&at[8..]) };
            Some(QueueRecord::Done(body[4..].chunks_exact(16).map(place).collect()))
        }
        _ => None,
    }
}

fn decode_item(body: &Bytes) -> Option<Batch> {
    let signal = match *body.get(1)? {
        0 => Signal::Traces,
        1 => Signal::Metrics,
        2 => Signal::Logs,
        _ => return None,
    };
    let fixed = body.get(..FIXED)?;
    let (items, len) = (u32_of(&fixed[4..8]) as usize, u32_of(&fixed[16..20]) as usize);
    let mut metadata = body.get(FIXED..)?.get(..len)?;
    let mut pairs = Metadata::new();
    while !metadata.is_empty() {
        let key = text(&mut metadata)?;
        let count = number(&mut metadata)?;
        let values = (0..count).map(|_| text(&mut metadata)).collect::<Option<_>>()?;
        pairs.push((key, values));
    }
    let segment = Segment::new(body.slice(FIXED + len..), items);
    Some(Batch::new(signal, vec![segment], (!pairs.is_empty()).then(|| pairs.into())))
}

fn encode_metadata(batch: &Batch) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    for (key, values) in batch.metadata().into_iter().flat_map(|metadata| metadata.iter()) {
        put_text(&mut out, key);
        out.extend_from_slice(&(values.len() as u32).to_le_bytes());
        values.iter().for_each(|value| put_text(&mut out, value));
    }
    Ok(out)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn number(from: &mut &[u8]) -> Option<usize> {
    let (number, rest) = from.split_at_checked(4)?;
    *from = rest;
    Some(u32_of(number) as usize)
}

fn text(from: &mut &[u8]) -> Option<String> {
    let len = number(from)?;
    let (text, rest) = from.split_at_checked(len)?;
    *from = rest;
    String::from_utf8(text.to_vec()).ok()
}

fn u32_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn u64_of(bytes: &[u8]) -> u64 {
    u64::from(u32_of(bytes)) | u64::from(u32_of(&bytes[4..])) << 32
}
