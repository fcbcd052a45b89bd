//! `Records`: a file of frames that is read as a whole, appended durably and rewritten when it has grown.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::{self, Disk, File, ensure_dir};
use crate::frame::{self, Frames};

#[derive(Debug)]
pub struct Records {
    disk: Arc<dyn Disk>,
    path: String,
    /// None once an append has failed in a way that leaves open what the file holds.
    file: Option<Box<dyn File>>,
    len: u64,
}

/// What was in the file.
#[derive(Debug, Default)]
pub struct Found {
    pub bodies: Vec<Bytes>,
    /// What is damaged between good records; empty if nothing is.
    pub damage: String,
    /// What was cut off at the end, because a crash came before its append had returned.
    pub torn_bytes: u64,
}

impl Records {
    /// Opens the file or makes it, with the directories above it.
    ///
    /// What is read may be in the kernel's memory only, because a process died before it had synced, or even because a
    /// sync has failed, and no later sync would tell. So it is written anew, as a new file; if that can't be done, over itself.
    pub fn open(disk: Arc<dyn Disk>, path: &str) -> io::Result<(Records, Found)> {
        ensure_dir(&*disk, disk::parent(path))?;
        let mut records = Records { disk: disk.clone(), path: path.to_owned(), file: None, len: 0 };
        let mut found = Found::default();
        if !disk.exists(path) {
            records.file = Some(disk.create(path)?);
            disk.sync_dir(disk::parent(path))?;
            return Ok((records, found));
        }
        let mut frames = Frames::sealed(disk.open_read(path)?, 0)?;
        while let Some(frame) = frames.next_frame()? {
            found.bodies.push(frame.body);
        }
        found.torn_bytes = frames.torn();
        found.damage = describe(path, &frames);
        // Damaged bytes are kept as they are: somebody may want to look at them.
        let bodies = found.bodies.iter().map(|body| &body[..]);
        if !found.damage.is_empty() || records.rewrite(bodies).is_err() {
            let mut file = disk.open_append(path)?;
            if file.len()? > frames.offset() {
                file.truncate(frames.offset())?;
            }
            let len = usize::try_from(frames.offset()).map_err(io::Error::other)?;
            disk.write_again(path, &disk.open_read(path)?.read_at(0, len)?)?;
            disk.sync_dir(disk::parent(path))?;
            (records.file, records.len) = (Some(file), frames.offset());
        }
        Ok((records, found))
    }

    /// Bytes in the file.
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Durable when it returns. After an error the record is not there, neither now nor after a crash, unless the disk
    /// failed while it synced: then `rewrite` must come first.
    pub fn append(&mut self, body: &[u8]) -> io::Result<()> {
        let header = frame::header([body].into_iter())?;
        let file = self.file.as_mut().ok_or_else(|| unknown(&self.path))?;
        let written = file.write(&[&header, body]);
        if let Err(error) = written {
            if file.truncate(self.len).is_err() {
                self.file = None;
            }
            return Err(error);
        }
        if let Err(error) = file.sync() {
            self.file = None;
            return Err(error);
        }
        self.len += (header.len() + body.len()) as u64;
        Ok(())
    }

    /// Puts these records in the place of all, in one step.
    pub fn rewrite<'a>(&mut self, bodies: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for body in bodies {
            frame::put(&mut bytes, body)?;
        }
        disk::write_beside(&*self.disk, &self.path, &[&bytes])?;
        self.file = None;
        disk::put_in_place(&*self.disk, &self.path)?;
        self.file = Some(self.disk.open_append(&self.path)?);
        self.len = bytes.len() as u64;
        Ok(())
    }
}

fn unknown(path: &str) -> io::Error {
    io::Error::other(format!(
        "{path}: the disk failed while it was written; what it holds is not known until a rewrite"
    ))
}

fn describe(path: &str, frames: &Frames) -> String {
    let [first, ..] = frames.damage() else { return String::new() };
    let (bytes, places) = (frames.damaged_bytes(), frames.damage().len());
    format!("{path}: {bytes} bytes damaged in {places} places, the first at {}", first.start)
}
