//! Generations: the files of the log, and the records in them. See docs/spec/log.md.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use otelier_wire::Signal;

use crate::disk::{Disk, ReadAt};
use crate::frame::{self, Frame, Frames};

/// The body's bytes before the tenant's name.
const FIXED: usize = 32;
pub const MAX_TENANT: usize = 63;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it arrived.
    Telemetry = 1,
    /// Taken over from an older generation by a flush; counts only once that generation is retired.
    Carried = 2,
    /// Of the series log: its payload is docs/spec/metrics-log.md's.
    Series = 3,
}

/// What a record says besides its telemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    pub kind: Kind,
    pub signal: Signal,
    pub tenant: Arc<str>,
    pub items: u32,
    /// Wall clock of the arrival of the first and the last of it, in nanoseconds.
    pub first_ns: u64,
    pub last_ns: u64,
    /// Where carried telemetry was before; else 0.
    pub from_generation: u64,
}

#[derive(Clone, Debug)]
pub struct LogRecord {
    pub heading: Heading,
    /// An encoded OTLP request of the signal, or what the kind says.
    pub otlp: Bytes,
    /// Where `otlp` begins in the file.
    pub offset: u64,
}

/// The file of a generation.
pub fn path(directory: &str, generation: u64) -> String {
    format!("{directory}/{generation:016}.log")
}

/// The numbers of the generations in a directory, in order.
pub fn numbers(disk: &dyn Disk, directory: &str) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = disk.list(directory)?.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// When the first record of a generation arrived, by its unchecked heading: a hint. None if there is none.
pub(crate) fn first_arrival(file: &dyn ReadAt) -> Option<u64> {
    let start = file.read_at(0, frame::HEADER_LEN + FIXED).ok()?;
    let fine = start.len() == frame::HEADER_LEN + FIXED && start[..4] == frame::MAGIC.to_le_bytes();
    fine.then(|| u64_at(&start, frame::HEADER_LEN + 8))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    let all = digits.len() >= 16 && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().ok())?
}

/// True for names that may become folders.
pub fn is_tenant(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=MAX_TENANT).contains(&name.len()) && name.bytes().all(fine)
}

impl Heading {
    /// The frame's header and the body's part before the telemetry, which consists of `otlp`.
    pub(crate) fn encode(&self, otlp: &[Bytes]) -> io::Result<Vec<u8>> {
        if !is_tenant(&self.tenant) {
            let text = format!("a tenant is 1 to {MAX_TENANT} of A-Z, a-z, 0-9, _ and -, not {:?}", self.tenant);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let signal = match self.signal {
            Signal::Traces => 0,
            Signal::Metrics => 1,
            Signal::Logs => 2,
        };
        let mut out = Vec::with_capacity(frame::HEADER_LEN + FIXED + self.tenant.len());
        out.extend_from_slice(&[0; frame::HEADER_LEN]);
        out.extend_from_slice(&[self.kind as u8, signal, self.tenant.len() as u8, 0]);
        out.extend_from_slice(&self.items.to_le_bytes());
        for number in [self.first_ns, self.last_ns, self.from_generation] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(self.tenant.as_bytes());
        let head = &out[frame::HEADER_LEN..];
        let header = frame::header([head].into_iter().chain(otlp.iter().map(|part| &part[..])))?;
        out[..frame::HEADER_LEN].copy_from_slice(&header);
        Ok(out)
    }
}

impl LogRecord {
    /// None for a body that is no record of a log.
    pub fn decode(frame: &Frame) -> Option<LogRecord> {
        let body = &frame.body;
        let kind = match *body.first()? {
            1 => Kind::Telemetry,
            2 => Kind::Carried,
            3 => Kind::Series,
            _ => return None,
        };
        let signal = match *body.get(1)? {
            0 => Signal::Traces,
            1 => Signal::Metrics,
            2 => Signal::Logs,
            _ => return None,
        };
        let end = FIXED + usize::from(*body.get(2)?);
        let tenant = std::str::from_utf8(body.get(FIXED..end)?).ok().filter(|name| is_tenant(name))?.into();
        let items = u32::from_le_bytes([body[4], body[5], body[6], body[7]]);
        let (first_ns, last_ns, from_generation) = (u64_at(body, 8), u64_at(body, 16), u64_at(body, 24));
        let heading = Heading { kind, signal, tenant, items, first_ns, last_ns, from_generation };
        let offset = frame.offset + (frame::HEADER_LEN + end) as u64;
        Some(LogRecord { heading, otlp: body.slice(end..), offset })
    }
}

/// The records of a sealed generation from front to back, damage skipped.
#[derive(Debug)]
pub struct Reader {
    frames: Frames,
    strange: u64,
}

impl Reader {
    pub fn open(disk: &dyn Disk, path: &str) -> io::Result<Reader> {
        Ok(Reader { frames: Frames::sealed(disk.open_read(path)?, 0)?, strange: 0 })
    }

    pub fn next_record(&mut self) -> io::Result<Option<LogRecord>> {
        next_record(&mut self.frames, &mut self.strange)
    }

    /// Bytes skipped: damaged, or of a kind that this version does not know. Complete after the last record.
    pub fn damaged_bytes(&self) -> u64 {
        self.frames.damaged_bytes() + self.strange
    }

    /// Bytes of an unfinished record at the end, after the last record.
    pub fn torn_bytes(&self) -> u64 {
        self.frames.torn()
    }
}

fn next_record(frames: &mut Frames, strange: &mut u64) -> io::Result<Option<LogRecord>> {
    while let Some(frame) = frames.next_frame()? {
        match LogRecord::decode(&frame) {
            None => *strange += frame.body.len() as u64,
            found => return Ok(found),
        }
    }
    Ok(None)
}

/// Follows a generation while another process writes it.
#[derive(Debug)]
pub struct Tail {
    source: Arc<dyn ReadAt>,
    offset: u64,
    damaged: u64,
}

impl Tail {
    /// From `offset` on, which must be one that a tail has answered before, or 0.
    pub fn open(disk: &dyn Disk, path: &str, offset: u64) -> io::Result<Tail> {
        Ok(Tail { source: disk.open_read(path)?, offset, damaged: 0 })
    }

    /// Where the file is read, for what lies at a record's offset.
    pub fn source(&self) -> &Arc<dyn ReadAt> {
        &self.source
    }

    /// Behind the last record answered.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes skipped so far.
    pub fn damaged_bytes(&self) -> u64 {
        self.damaged
    }

    /// Records that have come since, of about `max_bytes` at most; empty when there are none. One system call then.
    ///
    /// `sealed`: a younger generation exists, so nobody writes here any more. The writer cuts off what it could not make
    /// durable, and seals the generation then: records behind the file's end are gone, nothing else ever comes there.
    pub fn poll(&mut self, sealed: bool, max_bytes: u64) -> io::Result<Vec<LogRecord>> {
        let len = self.source.len()?;
        if len <= self.offset {
            return Ok(Vec::new());
        }
        let open = if sealed { Frames::sealed } else { Frames::live };
        let mut frames = open(self.source.clone(), self.offset)?;
        let (start, mut strange, mut records) = (self.offset, 0, Vec::new());
        while frames.offset() - start < max_bytes
            && let Some(record) = next_record(&mut frames, &mut strange)?
        {
            records.push(record);
        }
        self.offset = frames.offset();
        self.damaged += frames.damaged_bytes() + strange;
        Ok(records)
    }
}
