//! Remote write 1.0: `WriteRequest`.

use otelier_wire::protobuf::{Cursor, Value};

use super::{DEPTH, Pairs, Stop, each, example, histogram, is_utf8, message, sample, write_labels};
use crate::labels::NAME;
use crate::samples::{Builder, Text, Why};

pub fn request(body: &[u8], builder: &mut Builder) -> Result<(), Stop> {
    // Most requests have one sample for each series, of rarely less than 64 bytes.
    builder.reserve(body.len() / 64);
    each(body, |number, value| match (number, value) {
        (1, Value::Len(series)) => time_series(series, builder),
        (3, Value::Len(about)) => metadata(about, builder),
        _ => Ok(()),
    })
}

fn time_series(series: &[u8], builder: &mut Builder) -> Result<(), Stop> {
    let mark = builder.mark();
    let number = builder.next_series();
    let lying = canonical(series);
    let mut cursor = Cursor::new(&series[lying.unwrap_or(0)..]);
    let mut more_labels = false;
    while !cursor.is_empty() {
        let tag = cursor.tag()?;
        if tag == message(2) {
            let (ms, bits) = sample(cursor.bytes()?)?;
            builder.sample(number, ms, bits);
            continue;
        }
        match (tag.number(), cursor.value(tag, DEPTH)?) {
            (1, Value::Len(_)) => more_labels = true,
            (3, Value::Len(content)) => exemplar(content, number, builder)?,
            (4, Value::Len(content)) => match histogram::read(content)? {
                Some(ms) => builder.histogram(number, ms, builder.lying(content)),
                None => builder.refusals().add(Why::Histogram, 1, || readable(series)),
            },
            _ => {}
        }
    }
    let labels = match lying.filter(|_| !more_labels) {
        Some(length) => Ok(builder.lying(&series[..length])),
        None => rewritten(series, builder)?,
    };
    match labels {
        // Nothing is said of it that can be kept.
        Ok(_) if builder.is_at(mark) => {}
        Ok(labels) => {
            builder.series(labels, Text::default());
        }
        Err(why) => {
            let count = builder.since(mark);
            builder.back_to(mark);
            builder.refusals().add(why, count, || readable(series));
        }
    }
    Ok(())
}

/// The length of the labels at the beginning if they are a canonical set with a name. Others, and those with something longer
/// than 123 bytes, are written anew.
#[inline]
fn canonical(series: &[u8]) -> Option<usize> {
    let mut rest = series;
    let (mut before, mut before_head): (&[u8], u64) = (&[], 0);
    let mut named = false;
    while let [0x0a, length @ 0..0x80, 0x0a, name @ 0..0x80, tail @ ..] = rest {
        let head = head(tail, usize::from(*name));
        let (name, tail) = tail.split_at_checked(usize::from(*name))?;
        let [0x12, value @ 0..0x80, tail @ ..] = tail else { return None };
        let in_order = head > before_head || (head == before_head && name > before);
        if *value == 0 || usize::from(*length) != 4 + name.len() + usize::from(*value) || !in_order {
            return None;
        }
        rest = tail.get(usize::from(*value)..)?;
        named |= head == NAME_HEAD && name.len() == NAME.len();
        (before, before_head) = (name, head);
    }
    let length = series.len() - rest.len();
    let labels = &series[..length];
    let fine = named && rest.first() != Some(&0x0a) && (labels.is_ascii() || is_utf8(labels));
    fine.then_some(length)
}

const NAME_HEAD: u64 = u64::from_be_bytes(*b"__name__");

/// The first eight of `length` bytes, zeros behind fewer, as a number: where two differ, they are in the texts' order.
/// Names are so short that to compare them as slices takes longer than all the rest.
#[inline]
fn head(text: &[u8], length: usize) -> u64 {
    let eight = text.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [0; 8];
        padded[..text.len()].copy_from_slice(text);
        padded
    });
    let kept = if length < 8 { !(u64::MAX >> (8 * length)) } else { u64::MAX };
    u64::from_be_bytes(eight) & kept
}

/// (name, value) of all labels.
fn pairs(series: &[u8]) -> Result<Pairs<'_>, Stop> {
    let mut pairs = Vec::new();
    each(series, |number, value| match (number, value) {
        (1, Value::Len(content)) => {
            pairs.push(label(content)?);
            Ok(())
        }
        _ => Ok(()),
    })?;
    Ok(pairs)
}

fn label(content: &[u8]) -> Result<(&[u8], &[u8]), Stop> {
    let (mut name, mut text): (&[u8], &[u8]) = (&[], &[]);
    each(content, |number, value| {
        match (number, value) {
            (1, Value::Len(content)) => name = content,
            (2, Value::Len(content)) => text = content,
            _ => {}
        }
        Ok(())
    })?;
    Ok((name, text))
}

fn rewritten(series: &[u8], builder: &mut Builder) -> Result<Result<Text, Why>, Stop> {
    let mut pairs = pairs(series)?;
    if !pairs.iter().any(|(name, value)| *name == NAME && !value.is_empty()) {
        return Ok(Err(Why::Name));
    }
    Ok(write_labels(&mut pairs, builder)?)
}

fn readable(series: &[u8]) -> String {
    example(&pairs(series).unwrap_or_default())
}

fn exemplar(content: &[u8], series: u32, builder: &mut Builder) -> Result<(), Stop> {
    let mut labels = pairs(content)?;
    let (ms, bits) = value_and_time(content, 2, 3)?;
    // One with bad labels is left out as Prometheus does it: the sample is worth more.
    if let Ok(labels) = write_labels(&mut labels, builder)? {
        builder.exemplar(series, ms, bits, labels);
    }
    Ok(())
}

/// (ms, bits).
pub fn value_and_time(content: &[u8], value: u32, time: u32) -> Result<(i64, u64), Stop> {
    let (mut ms, mut bits) = (0, 0);
    each(content, |number, found| {
        match found {
            Value::Fixed64(found) if number == value => bits = found,
            Value::Varint(found) if number == time => ms = found as i64,
            _ => {}
        }
        Ok(())
    })?;
    Ok((ms, bits))
}

fn metadata(about: &[u8], builder: &mut Builder) -> Result<(), Stop> {
    let mut kind = 0;
    let [mut family, mut help, mut unit]: [&[u8]; 3] = [&[]; 3];
    each(about, |number, value| {
        match (number, value) {
            (1, Value::Varint(found)) => kind = u8::try_from(found).ok().filter(|kind| *kind < 8).unwrap_or(0),
            (2, Value::Len(text)) => family = text,
            (4, Value::Len(text)) => help = text,
            (5, Value::Len(text)) => unit = text,
            _ => {}
        }
        Ok(())
    })?;
    if !family.is_empty() && [family, help, unit].into_iter().all(is_utf8) {
        let [family, help, unit] = [family, help, unit].map(|text| builder.lying(text));
        builder.metadata(family, kind, help, unit);
    }
    Ok(())
}
