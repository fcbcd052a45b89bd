//! The files of chunks.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::Disk;

use super::faults::{Fault, OpenError};
use super::pieces::{Pieces, be32, listed, varint};

const MAGIC: u32 = 0x85bd_40dd;
const HEADER: usize = 8;
const VERSION: u8 = 1;
const CHECKSUM: usize = 4;
/// Chunks of a series are neighbours, most shorter than a kilobyte.
const PIECE: usize = 64 << 10;
/// Length and encoding.
const MAX_HEAD: usize = 6;

#[derive(Debug)]
pub struct Chunks {
    disk: Arc<dyn Disk>,
    /// By number from 0 on: the path, and the file once it was opened.
    files: BTreeMap<u64, (String, Option<Pieces>)>,
}

/// Why there is no chunk.
pub enum Missing {
    Disk(String, std::io::Error),
    Damaged(Fault),
}

impl Chunks {
    pub fn open(disk: Arc<dyn Disk>, directory: &str) -> Result<Chunks, OpenError> {
        // A block without samples has none.
        let names = listed(&*disk, directory)?;
        let number = |name: &str| name.parse::<u64>().ok()?.checked_sub(1);
        let files = names.iter().filter_map(|name| Some((number(name)?, (format!("{directory}/{name}"), None))));
        Ok(Chunks { files: files.collect(), disk })
    }

    /// Encoding and data of a chunk.
    pub fn get(&mut self, reference: u64) -> Result<(u8, Bytes, Fault), Missing> {
        let (number, offset) = (reference >> 32, reference & 0xffff_ffff);
        let Some((path, opened)) = self.files.get_mut(&number) else {
            let file = format!("chunks/{:06}", number + 1);
            return Err(Missing::Damaged(Fault::new(&file, offset, "the file is missing, and with it a chunk")));
        };
        let failed = |error| Missing::Disk(path.clone(), error);
        let damaged = |what: &str| Missing::Damaged(Fault::new(path, offset, what));
        let file = match opened {
            Some(file) => file,
            None => {
                let mut file = Pieces::open(&*self.disk, path, PIECE).map_err(failed)?;
                let header = file.at(0, HEADER).map_err(failed)?;
                if be32(&header) != Some(MAGIC) || header.get(4) != Some(&VERSION) {
                    return Err(Missing::Damaged(Fault::new(path, 0, "it is no file of chunks")));
                }
                opened.insert(file)
            }
        };
        let head = file.at(offset, MAX_HEAD).map_err(failed)?;
        let (length, before) = varint(&head).ok_or_else(|| damaged("a chunk is cut off"))?;
        let length = usize::try_from(length).ok().filter(|length| offset + *length as u64 <= file.length);
        let length = length.ok_or_else(|| damaged("a chunk is cut off, or its length is damaged"))?;
        let all = file.at(offset, before + 1 + length + CHECKSUM).map_err(failed)?;
        if all.len() < before + 1 + length + CHECKSUM {
            return Err(damaged("a chunk is cut off"));
        }
        let body = all.slice(before..before + 1 + length);
        if be32(&all[before + 1 + length..]) != Some(crc32c::crc32c(&body)) {
            return Err(damaged("a chunk is damaged"));
        }
        Ok((body[0], body.slice(1..), Fault::new(path, offset, "")))
    }
}
