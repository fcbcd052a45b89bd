//! The disk of the operating system, below one directory. Files and directories are private to the user.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};

use crate::disk::{Disk, File, ReadAt, check_path};
use crate::operations::Operations;

/// The kernel takes at most this many parts at once (IOV_MAX).
const MAX_PARTS: usize = 1024;

#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    operations: Arc<Operations>,
}

impl RealDisk {
    /// Makes the root, and what is missing above it.
    pub fn new(root: &Path, operations: Operations) -> io::Result<RealDisk> {
        if !root.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(root)?;
            if let Some(parent) = root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::File::open(parent)?.sync_all()?;
            }
        }
        Ok(RealDisk { root: root.to_owned(), operations: Arc::new(operations) })
    }

    fn full(&self, path: &str) -> io::Result<PathBuf> {
        check_path(path)?;
        Ok(self.root.join(path))
    }

    fn open(&self, verb: &str, path: &str, options: &mut OpenOptions) -> io::Result<Box<dyn File>> {
        let full = self.full(path)?;
        let file = self.operations.run(verb, path, || options.mode(0o600).open(full))?;
        Ok(Box::new(RealFile { file, path: path.to_owned(), operations: self.operations.clone() }))
    }
}

impl Disk for RealDisk {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.open("create", path, OpenOptions::new().append(true).create_new(true))
    }

    fn open_append(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.open("open", path, OpenOptions::new().append(true))
    }

    fn open_read(&self, path: &str) -> io::Result<Arc<dyn ReadAt>> {
        let file = fs::File::open(self.full(path)?)?;
        Ok(Arc::new(RealSource { file, path: path.to_owned(), operations: self.operations.clone() }))
    }

    fn write_again(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let full = self.full(path)?;
        // Not opened to append: the kernel would write at the end then, whatever the offset.
        let file = self.operations.run("write", path, || {
            let file = OpenOptions::new().write(true).open(full)?;
            file.write_all_at(bytes, 0)?;
            Ok(file)
        })?;
        self.operations.run("sync", path, || file.sync_data())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (old, new) = (self.full(from)?, self.full(to)?);
        self.operations.run("rename", &format!("{from} {to}"), || fs::rename(old, new))
    }

    fn unlink(&self, path: &str) -> io::Result<()> {
        let full = self.full(path)?;
        self.operations.run("unlink", path, || fs::remove_file(full))
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        let full = self.full(path)?;
        self.operations.run("sync_dir", path, || fs::File::open(full)?.sync_all())
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.full(path)?)? {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        let full = self.full(path)?;
        self.operations.run("create_dir", path, || DirBuilder::new().mode(0o700).create(full))
    }

    fn exists(&self, path: &str) -> bool {
        self.full(path).is_ok_and(|full| full.exists())
    }

    fn operations(&self) -> &Operations {
        &self.operations
    }
}

#[derive(Debug)]
struct RealFile {
    file: fs::File,
    path: String,
    operations: Arc<Operations>,
}

impl RealFile {
    fn write_all(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        for group in parts.chunks(MAX_PARTS) {
            let mut slices: Vec<IoSlice> = group.iter().map(|part| IoSlice::new(part)).collect();
            let mut left = slices.as_mut_slice();
            IoSlice::advance_slices(&mut left, 0); // drops empty parts in front
            while !left.is_empty() {
                match self.file.write_vectored(left) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => IoSlice::advance_slices(&mut left, written),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

impl File for RealFile {
    fn write(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        if let Err(error) = self.operations.begin("write", &self.path) {
            // A full disk takes what fits.
            self.write_all(&half(parts))?;
            return Err(error);
        }
        let outcome = self.write_all(parts);
        self.operations.end("write", &self.path);
        outcome
    }

    fn sync(&mut self) -> io::Result<()> {
        self.operations.run("sync", &self.path, || self.file.sync_data())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.operations.run("truncate", &self.path, || self.file.set_len(len))
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

/// What an injected failure writes of `parts`: about the first half of the bytes.
pub(crate) fn half<'a>(parts: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut left = parts.iter().map(|part| part.len()).sum::<usize>() / 2;
    let mut kept = Vec::new();
    for part in parts {
        let taken = part.len().min(left);
        kept.push(&part[..taken]);
        left -= taken;
    }
    kept
}

#[derive(Debug)]
struct RealSource {
    file: fs::File,
    path: String,
    operations: Arc<Operations>,
}

impl ReadAt for RealSource {
    fn read_at(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; self.believed(offset, len)?];
        let filled = self.read_into(offset, &mut bytes)?;
        bytes.truncate(filled);
        Ok(bytes.into())
    }

    fn read_into(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        self.operations.begin("read", &self.path)?;
        let mut filled = 0;
        while filled < out.len() {
            match self.file.read_at(&mut out[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn will_need(&self, offset: u64, len: u64) {
        // A hint: who reads after it sees what there is to see of errors.
        let _ = fadvise(&self.file, offset, NonZeroU64::new(len), Advice::WillNeed);
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

impl RealSource {
    /// Lengths come from files, and may be damaged: of a large one no more than there is.
    fn believed(&self, offset: u64, len: usize) -> io::Result<usize> {
        const SMALL: usize = 1 << 20;
        if len <= SMALL {
            return Ok(len);
        }
        Ok(len.min(usize::try_from(self.len()?.saturating_sub(offset)).unwrap_or(usize::MAX)))
    }
}
