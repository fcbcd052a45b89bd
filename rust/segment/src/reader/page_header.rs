//! What stands before each page, and how its bytes are unpacked.

use std::cell::RefCell;

use bytes::Bytes;
use zstd::bulk::Decompressor;
use zstd::zstd_safe;

use super::Damage;
use super::thrift::Reader;

/// Larger pages are not believed.
const MAX_PAGE: usize = 1 << 30;

thread_local! {
    static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

#[derive(Default)]
pub struct Header {
    pub kind: i64,
    plain_size: i64,
    size: i64,
    pub count: i64,
    pub encoding: i64,
}

impl Header {
    /// And what lies behind it.
    pub fn read(bytes: &[u8]) -> Result<(Header, &[u8]), Damage> {
        let mut reader = Reader::new(bytes);
        let (mut header, mut last) = (Header { kind: -1, ..Header::default() }, 0);
        while let Some(field) = reader.field(last)? {
            last = field.id;
            match field.id {
                1 => header.kind = reader.int()?,
                2 => header.plain_size = reader.int()?,
                3 => header.size = reader.int()?,
                // Of a data page or a dictionary page: number of values, encoding first.
                5 | 7 => {
                    let mut last = 0;
                    while let Some(field) = reader.field(last)? {
                        last = field.id;
                        match field.id {
                            1 => header.count = reader.int()?,
                            2 => header.encoding = reader.int()?,
                            _ => reader.skip(field)?,
                        }
                    }
                }
                _ => reader.skip(field)?,
            }
        }
        Ok((header, reader.rest()))
    }

    /// `out`: where it goes if it is compressed.
    pub fn unpack(
        &self,
        stored: &Bytes,
        at: usize,
        compressed: bool,
        out: fn(usize) -> Vec<u8>,
    ) -> Result<Bytes, Damage> {
        let size = usize::try_from(self.size).map_err(|_| "a page of negative size")?;
        let plain_size = usize::try_from(self.plain_size).map_err(|_| "a page of negative size")?;
        let end = at.checked_add(size).filter(|end| *end <= stored.len()).ok_or("a page is cut off")?;
        let packed = &stored[at..end];
        if !compressed {
            return Ok(stored.slice(at..end));
        }
        let known = zstd_safe::get_frame_content_size(packed).ok().flatten();
        if plain_size > MAX_PAGE || known != Some(plain_size as u64) {
            return Err("a page has another size than it says");
        }
        let mut out = out(plain_size);
        let done = ZSTD.with_borrow_mut(|zstd| {
            if zstd.is_none() {
                *zstd = Some(Decompressor::new()?);
            }
            match zstd {
                Some(zstd) => zstd.decompress_to_buffer(packed, &mut out),
                None => Ok(0),
            }
        });
        match done {
            Ok(written) if written == plain_size => Ok(out.into()),
            _ => Err("a page can't be decompressed"),
        }
    }
}
