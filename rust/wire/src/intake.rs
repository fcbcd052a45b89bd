//! Foreign bytes become a segment here, or are refused.

use std::sync::Arc;

use bytes::Bytes;

use crate::batch::Segment;
use crate::check::{DEEPEST, check};
use crate::error::{DecodeError, Limits};
use crate::protobuf::{Fault, Value, What, fields};
use crate::repair::repair;
use crate::schema::{self, Kind, Message};
use crate::signal::Signal;

/// What the check of foreign bytes found.
#[derive(Debug)]
pub struct Intake {
    pub segment: Arc<Segment>,
    /// Items left out, each for a bad id.
    pub rejected: usize,
    /// Strings whose invalid UTF-8 was replaced.
    pub repaired: usize,
    /// Why items were rejected; empty if none was.
    pub reason: String,
}

/// Checks an encoded `Export…ServiceRequest` (or `TracesData` and its like, which look the same).
///
/// Good bytes become the segment as they are; a bad id or bad UTF-8 makes a repaired copy (see `repair`).
pub fn intake(signal: Signal, bytes: Bytes, limits: &Limits) -> Result<Intake, DecodeError> {
    let request = schema::request(signal);
    if u32::try_from(bytes.len()).is_err() {
        let (offset, path) = (u32::MAX as usize, String::new());
        return Err(DecodeError::Malformed { offset, path, what: "a request of 4 GiB or more" });
    }
    let verdict = check(request, &bytes, limits).map_err(|fault| explain(fault, request, &bytes, limits))?;
    if !verdict.dirty {
        let segment = Segment::new(bytes, verdict.items);
        return Ok(Intake { segment, rejected: 0, repaired: 0, reason: String::new() });
    }
    let mut new = repair(signal, &bytes);
    new.bytes.shrink_to_fit();
    let segment = Segment::new(new.bytes.into(), new.items);
    Ok(Intake { segment, rejected: new.rejected, repaired: new.repaired, reason: new.reason })
}

fn explain(fault: Fault, request: &'static Message, bytes: &[u8], limits: &Limits) -> DecodeError {
    let offset = fault.address.saturating_sub(bytes.as_ptr() as usize);
    match fault.what {
        What::TooDeep => DecodeError::TooDeep { offset, limit: limits.max_depth.min(DEEPEST) },
        What::TooManyItems => DecodeError::TooManyItems { limit: limits.max_items },
        what => DecodeError::Malformed { offset, path: path(request, bytes, fault.address), what: what.text() },
    }
}

/// The names of the messages around a byte, outermost first, as far as they can be read.
fn path(mut message: &'static Message, mut bytes: &[u8], address: usize) -> String {
    let mut names = Vec::new();
    'descend: loop {
        for field in fields(bytes) {
            let Some(known) = message.field(field.number) else { continue };
            if let (Kind::Message(child), Value::Len(content)) = (&known.kind, field.value) {
                let start = content.as_ptr() as usize;
                if (start..=start + content.len()).contains(&address) && !content.is_empty() {
                    names.push(known.name);
                    (message, bytes) = (child, content);
                    continue 'descend;
                }
            }
        }
        return names.join(".");
    }
}
