//! What a disk can do, and what two patterns make of it: directories that last, files replaced as a whole.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::operations::Operations;

/// A tree of files. Paths are relative to its root, `/`-separated, without `.` and `..`; the root itself is `""`.
///
/// Nothing is durable by itself: bytes last after [`File::sync`], names after [`Disk::sync_dir`] of their directory.
pub trait Disk: Debug + Send + Sync {
    /// A new, empty file; AlreadyExists if there is one.
    fn create(&self, path: &str) -> io::Result<Box<dyn File>>;
    /// An existing file, to be written at its end.
    fn open_append(&self, path: &str) -> io::Result<Box<dyn File>>;
    fn open_read(&self, path: &str) -> io::Result<Arc<dyn ReadAt>>;
    /// Writes over the beginning of a file what stands there, and syncs the file. What is in memory only, because a
    /// sync has failed, is written out by the next sync only if it was written again.
    fn write_again(&self, path: &str, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file a new name, in the place of whatever has that name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn unlink(&self, path: &str) -> io::Result<()>;
    fn sync_dir(&self, path: &str) -> io::Result<()>;
    /// The names in a directory, sorted.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;
    /// One directory, whose parent is there.
    fn create_dir(&self, path: &str) -> io::Result<()>;
    fn exists(&self, path: &str) -> bool;
    /// What was done here, counted and named.
    fn operations(&self) -> &Operations;

    fn read(&self, path: &str) -> io::Result<Bytes> {
        let file = self.open_read(path)?;
        file.read_at(0, usize::try_from(file.len()?).map_err(io::Error::other)?)
    }
}

/// A disk over another one, and like it but where files are opened to be read.
pub trait Over: Debug + Send + Sync {
    fn below(&self) -> &dyn Disk;
    fn open_over(&self, path: &str) -> io::Result<Arc<dyn ReadAt>>;
}

impl<D: Over> Disk for D {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.below().create(path)
    }

    fn open_append(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.below().open_append(path)
    }

    fn open_read(&self, path: &str) -> io::Result<Arc<dyn ReadAt>> {
        self.open_over(path)
    }

    fn write_again(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.below().write_again(path, bytes)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.below().rename(from, to)
    }

    fn unlink(&self, path: &str) -> io::Result<()> {
        self.below().unlink(path)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.below().sync_dir(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        self.below().list(path)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.below().create_dir(path)
    }

    fn exists(&self, path: &str) -> bool {
        self.below().exists(path)
    }

    fn operations(&self) -> &Operations {
        self.below().operations()
    }
}

/// A file that is written, at its end only.
pub trait File: Debug + Send {
    /// All parts, one behind the other. After an error some of the bytes may be there.
    fn write(&mut self, parts: &[&[u8]]) -> io::Result<()>;
    /// Bytes and length last when this returns. After an error they may be lost for good, though they can still be read:
    /// never sync that file again.
    fn sync(&mut self) -> io::Result<()>;
    fn truncate(&mut self, len: u64) -> io::Result<()>;
    fn len(&self) -> io::Result<u64>;
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A file that is read, by several threads at once if need be, while another process writes at its end.
pub trait ReadAt: Debug + Send + Sync {
    /// `len` bytes from `offset` on, fewer where the file ends before.
    fn read_at(&self, offset: u64, len: usize) -> io::Result<Bytes>;
    /// Fills `out` with the bytes from `offset` on, for those who read into the same memory again and again; answers how
    /// many there are.
    fn read_into(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.read_at(offset, out.len())?;
        out[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
    /// These bytes will be read soon: a disk that takes its time may fetch them beside one another.
    fn will_need(&self, _offset: u64, _len: u64) {}
    /// Its length now.
    fn len(&self) -> io::Result<u64>;
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// The directory that holds `path`.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Makes a directory and what is missing above it. All of them are durable then, also those that were there: whoever
/// made them may have died before he had synced them.
pub fn ensure_dir(disk: &dyn Disk, path: &str) -> io::Result<()> {
    if path.is_empty() {
        return Ok(());
    }
    ensure_dir(disk, parent(path))?;
    match disk.create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => disk.sync_dir(parent(path)),
    }
}

/// Puts a file in the place of another in one step: after a crash it is the old one or the new one, and the new one if
/// this has returned.
pub fn replace(disk: &dyn Disk, path: &str, parts: &[&[u8]]) -> io::Result<()> {
    write_beside(disk, path, parts)?;
    put_in_place(disk, path)
}

/// The first half of a replacement: the new file is durable under another name. After an error nothing has changed.
pub(crate) fn write_beside(disk: &dyn Disk, path: &str, parts: &[&[u8]]) -> io::Result<()> {
    let beside = format!("{path}.new");
    match disk.unlink(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = disk.create(&beside)?;
    file.write(parts)?;
    file.sync()
}

/// The second half. After an error the file may be the old one or the new one.
pub(crate) fn put_in_place(disk: &dyn Disk, path: &str) -> io::Result<()> {
    disk.rename(&format!("{path}.new"), path)?;
    disk.sync_dir(parent(path))
}

/// Refuses paths that could leave the root.
pub(crate) fn check_path(path: &str) -> io::Result<()> {
    let fine = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
    if path.is_empty() || path.split('/').all(fine) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("not a path below the data directory: {path:?}")))
}
