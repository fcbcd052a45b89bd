//! Compression of pages: one zstd context for all.

use std::io;

use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd::zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, ResetDirective, compress_bound, get_error_name};

/// Of segments whose columns are searched.
pub const LEVEL: i32 = 1;
/// Parts up to this size stay with the one before: a block of their own costs more than it saves.
const SMALL: usize = 64;
/// What a block of its own can add to a frame.
const BLOCK: usize = 16;

pub struct Packer {
    context: CCtx<'static>,
}

impl Packer {
    pub fn new(level: i32) -> io::Result<Packer> {
        let mut context = CCtx::try_create().ok_or_else(|| io::Error::other("no memory for compression"))?;
        context.set_parameter(CParameter::CompressionLevel(level)).map_err(failed)?;
        Ok(Packer { context })
    }

    /// Compresses `page` into `packed` as one frame. `cuts`, in order, tell where content of another sort begins: each
    /// sort gets a block of its own, because a block's codes are made for all that is in it.
    pub fn pack(&mut self, page: &[u8], cuts: &[usize], packed: &mut Vec<u8>) -> io::Result<()> {
        packed.clear();
        packed.reserve(compress_bound(page.len()) + BLOCK * (cuts.len() + 1));
        self.context.reset(ResetDirective::SessionOnly).map_err(failed)?;
        self.context.set_pledged_src_size(Some(page.len() as u64)).map_err(failed)?;
        let mut out = OutBuffer::around(packed);
        let mut from = 0;
        for &cut in cuts {
            if cut < from + SMALL || page.len() < cut + SMALL {
                continue;
            }
            self.run(&mut out, &page[from..cut], ZSTD_EndDirective::ZSTD_e_flush)?;
            from = cut;
        }
        self.run(&mut out, &page[from..], ZSTD_EndDirective::ZSTD_e_end)
    }

    fn run(&mut self, out: &mut OutBuffer<'_, Vec<u8>>, part: &[u8], how: ZSTD_EndDirective) -> io::Result<()> {
        let mut part = InBuffer::around(part);
        while self.context.compress_stream2(out, &mut part, how).map_err(failed)? > 0 {
            if out.pos() == out.capacity() {
                return Err(io::Error::other("a page does not fit where it must"));
            }
        }
        Ok(())
    }
}

fn failed(code: usize) -> io::Error {
    io::Error::other(format!("zstd: {}", get_error_name(code)))
}
