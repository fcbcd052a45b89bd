//! The content encodings of OTLP, both ways. What comes out of `decompress` is bounded, whatever goes in.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Beyond the first MiB, no more than this many bytes may come out of one byte.
const MOST_RATIO: usize = 1_000;
const RATIO_FREE: usize = 1 << 20;
/// The largest zstd window, as log2: 32 MiB, what Go's strongest level writes.
const ZSTD_WINDOW_LOG: u32 = 25;
/// Measured on OTLP: 230 MB/s and a ratio of 2.3; level 2 does 140 and 2.8, level 6 does 60 and 3.5.
const DEFAULT_DEFLATE_LEVEL: u32 = 1;
/// Measured on OTLP: 310 MB/s and a ratio of 2.9.
const DEFAULT_ZSTD_LEVEL: i32 = 1;
const SNAPPY_STREAM_HEADER: &[u8] = b"\xff\x06\x00\x00sNaPpY";

/// A content encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Identity,
    Gzip,
    /// RFC 1950; when read, raw RFC 1951 too. Its name in HTTP is `deflate`, in OTLP also `zlib`.
    Zlib,
    Zstd,
    /// The block format.
    Snappy,
    /// The stream format: what gRPC calls `snappy`.
    SnappyFramed,
    /// The frame format.
    Lz4,
}

impl Algorithm {
    /// By its name in `Content-Encoding` or `grpc-encoding`, in any case; None if unknown.
    pub fn from_name(name: &str) -> Option<Algorithm> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" | "none" => Algorithm::Identity,
            "gzip" | "x-gzip" => Algorithm::Gzip,
            "zlib" | "deflate" => Algorithm::Zlib,
            "zstd" => Algorithm::Zstd,
            "snappy" => Algorithm::Snappy,
            "x-snappy-framed" => Algorithm::SnappyFramed,
            "lz4" => Algorithm::Lz4,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub enum DecompressError {
    /// More than the limit would come out, or suspiciously much.
    TooLarge,
    /// Not in this encoding, or cut off.
    Corrupt(String),
}

/// How many bytes can come out of `input` bytes at most, under `limit`.
pub fn most_output(input: usize, limit: usize) -> usize {
    limit.min(RATIO_FREE.max(input.saturating_mul(MOST_RATIO)))
}

/// The decompressed `input`, of at most `limit` bytes. Works and allocates no more than that plus one buffer.
pub fn decompress(algorithm: Algorithm, input: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    if input.is_empty() && algorithm != Algorithm::Identity {
        return Ok(Vec::new());
    }
    let limit = most_output(input.len(), limit);
    let corrupt = |e: io::Error| DecompressError::Corrupt(e.to_string());
    match algorithm {
        Algorithm::Identity if input.len() > limit => Err(DecompressError::TooLarge),
        Algorithm::Identity => Ok(input.to_vec()),
        Algorithm::Gzip => read(flate2::bufread::MultiGzDecoder::new(input), input.len(), limit),
        Algorithm::Zlib if is_zlib(input) => read(flate2::bufread::ZlibDecoder::new(input), input.len(), limit),
        Algorithm::Zlib => read(flate2::bufread::DeflateDecoder::new(input), input.len(), limit),
        Algorithm::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input).map_err(corrupt)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(corrupt)?;
            read(decoder, input.len(), limit)
        }
        // Both names are used for both formats in the field; the stream format announces itself.
        Algorithm::Snappy | Algorithm::SnappyFramed if input.starts_with(SNAPPY_STREAM_HEADER) => {
            read(snap::read::FrameDecoder::new(input), input.len(), limit)
        }
        Algorithm::Snappy | Algorithm::SnappyFramed => {
            let length = snap::raw::decompress_len(input).map_err(|e| corrupt(e.into()))?;
            if length > limit {
                return Err(DecompressError::TooLarge);
            }
            snap::raw::Decoder::new().decompress_vec(input).map_err(|e| corrupt(e.into()))
        }
        Algorithm::Lz4 => read(lz4_flex::frame::FrameDecoder::new(input), input.len(), limit),
    }
}

fn is_zlib(input: &[u8]) -> bool {
    matches!(input, [a, b, ..] if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0)
}

/// Collects what comes in pieces, because a buffer that grows is there twice while it does: a bomb costs its limit once.
fn read(mut decoder: impl Read, input: usize, limit: usize) -> Result<Vec<u8>, DecompressError> {
    const PIECE: usize = 1 << 20;
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let (mut size, mut wanted) = (0, input.saturating_mul(4).clamp(1 << 10, PIECE));
    loop {
        let mut piece = Vec::with_capacity(wanted);
        let got = decoder.by_ref().take(wanted as u64).read_to_end(&mut piece);
        size += got.map_err(|e| DecompressError::Corrupt(e.to_string()))?;
        if size > limit {
            return Err(DecompressError::TooLarge);
        }
        let full = piece.len() == wanted;
        pieces.push(piece);
        if !full {
            break;
        }
        wanted = (2 * wanted).min(PIECE);
    }
    if let [one] = pieces.as_mut_slice() {
        let mut out = std::mem::take(one);
        if out.capacity() > out.len() + out.len() / 4 {
            out.shrink_to_fit(); // it is going to live in a queue
        }
        return Ok(out);
    }
    let mut out = Vec::with_capacity(size);
    pieces.into_iter().for_each(|piece| out.extend_from_slice(&piece));
    Ok(out)
}

/// The concatenation of `segments`, compressed; `level` None is a default that favours CPU over size.
pub fn compress(algorithm: Algorithm, level: Option<i32>, segments: impl Iterator<Item = Bytes>) -> io::Result<Bytes> {
    match algorithm {
        Algorithm::Identity => Ok(joined(segments).into()),
        Algorithm::Gzip | Algorithm::Zlib => deflate(algorithm, level, segments),
        Algorithm::Zstd => {
            let mut out = zstd::stream::write::Encoder::new(Vec::new(), level.unwrap_or(DEFAULT_ZSTD_LEVEL))?;
            for segment in segments {
                out.write_all(&segment)?;
            }
            Ok(out.finish()?.into())
        }
        Algorithm::Snappy => Ok(snap::raw::Encoder::new().compress_vec(&joined(segments))?.into()),
        Algorithm::SnappyFramed => {
            let mut out = snap::write::FrameEncoder::new(Vec::new());
            for segment in segments {
                out.write_all(&segment)?;
            }
            Ok(out.into_inner().map_err(|e| e.into_error())?.into())
        }
        Algorithm::Lz4 => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            for segment in segments {
                out.write_all(&segment)?;
            }
            Ok(out.finish().map_err(io::Error::other)?.into())
        }
    }
}

fn joined(segments: impl Iterator<Item = Bytes>) -> Vec<u8> {
    let mut out = Vec::new();
    segments.for_each(|s| out.extend_from_slice(&s));
    out
}

thread_local! {
    /// A deflate state is 300 KiB to allocate and clear: each thread keeps the last one it used.
    static DEFLATE: RefCell<Option<(u32, Compress)>> = const { RefCell::new(None) };
}

fn deflate(algorithm: Algorithm, level: Option<i32>, segments: impl Iterator<Item = Bytes>) -> io::Result<Bytes> {
    let level = level.and_then(|l| u32::try_from(l).ok()).unwrap_or(DEFAULT_DEFLATE_LEVEL).min(9);
    DEFLATE.with_borrow_mut(|kept| {
        let mut state = match kept.take() {
            Some((of, state)) if of == level => state,
            _ => Compress::new(Compression::new(level), false),
        };
        state.reset();
        let out = if algorithm == Algorithm::Gzip { gzip(&mut state, segments) } else { zlib(&mut state, segments) };
        *kept = Some((level, state));
        out
    })
}

/// RFC 1952, without name or time.
fn gzip(state: &mut Compress, segments: impl Iterator<Item = Bytes>) -> io::Result<Bytes> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut crc = Crc::new();
    deflate_into(&mut out, state, segments.inspect(|s| crc.update(s)))?;
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    Ok(out.into())
}

/// RFC 1950.
fn zlib(state: &mut Compress, segments: impl Iterator<Item = Bytes>) -> io::Result<Bytes> {
    let mut out = vec![0x78, 0x01];
    let (mut a, mut b) = (1u32, 0u32);
    let adler = |s: &Bytes| {
        // 5552 is the most bytes that can be summed before a u32 overflows.
        for chunk in s.chunks(5552) {
            for byte in chunk {
                a += u32::from(*byte);
                b += a;
            }
            a %= 65_521;
            b %= 65_521;
        }
    };
    deflate_into(&mut out, state, segments.inspect(adler))?;
    out.extend_from_slice(&(b << 16 | a).to_be_bytes());
    Ok(out.into())
}

fn deflate_into(out: &mut Vec<u8>, state: &mut Compress, segments: impl Iterator<Item = Bytes>) -> io::Result<()> {
    for segment in segments {
        out.reserve(segment.len() / 3);
        let mut rest = segment.as_ref();
        while !rest.is_empty() {
            let before = state.total_in();
            out.reserve(4096);
            state.compress_vec(rest, out, FlushCompress::None).map_err(io::Error::other)?;
            rest = rest.get((state.total_in() - before) as usize..).unwrap_or(&[]);
        }
    }
    loop {
        out.reserve(4096);
        if state.compress_vec(&[], out, FlushCompress::Finish).map_err(io::Error::other)? == Status::StreamEnd {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Algorithm; 7] = [
        Algorithm::Identity,
        Algorithm::Gzip,
        Algorithm::Zlib,
        Algorithm::Zstd,
        Algorithm::Snappy,
        Algorithm::SnappyFramed,
        Algorithm::Lz4,
    ];

    fn text(length: usize) -> Vec<u8> {
        let mut state = 7u32;
        (0..length)
            .map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if i % 5 == 0 { (state >> 24) as u8 } else { b"http.request.method"[i % 19] }
            })
            .collect()
    }

    #[test]
    fn every_algorithm_gives_back_what_it_was_given() {
        for length in [0, 1, 100, 70_000, 1_500_000] {
            let data = text(length);
            for algorithm in ALL {
                let parts = data.chunks(10_000).map(Bytes::copy_from_slice);
                let small = compress(algorithm, None, parts).unwrap();
                assert_eq!(decompress(algorithm, &small, length).unwrap(), data, "{algorithm:?}");
                if length > 0 {
                    let tight = decompress(algorithm, &small, length - 1);
                    assert!(matches!(tight, Err(DecompressError::TooLarge)), "{algorithm:?}");
                }
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_ratio() {
        let zeros = vec![0u8; 64 << 20];
        for algorithm in [Algorithm::Gzip, Algorithm::Zlib, Algorithm::Zstd] {
            let bomb = compress(algorithm, Some(9), std::iter::once(zeros.clone().into())).unwrap();
            assert!(bomb.len() < 67_000, "{}", bomb.len());
            assert!(matches!(decompress(algorithm, &bomb, 1 << 30), Err(DecompressError::TooLarge)));
        }
    }

    #[test]
    fn a_declared_snappy_length_is_not_trusted() {
        let declared = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        assert!(matches!(decompress(Algorithm::Snappy, &declared, 20 << 20), Err(DecompressError::TooLarge)));
    }

    #[test]
    fn garbage_and_cut_input_are_refused() {
        let data = text(100_000);
        for algorithm in &ALL[1..] {
            let whole = compress(*algorithm, None, std::iter::once(data.clone().into())).unwrap();
            let cut = decompress(*algorithm, &whole[..whole.len() / 2], 1 << 20);
            assert!(matches!(cut, Err(DecompressError::Corrupt(_))), "{algorithm:?} {cut:?}");
            assert!(decompress(*algorithm, b"this is not compressed at all", 1 << 20).is_err(), "{algorithm:?}");
        }
    }

    #[test]
    fn several_gzip_members_and_raw_deflate_are_read() {
        let part = |s: &'static str| compress(Algorithm::Gzip, None, std::iter::once(Bytes::from(s))).unwrap();
        let two = [part("one "), part("two")].concat();
        assert_eq!(decompress(Algorithm::Gzip, &two, 100).unwrap(), b"one two");
        let zlib = compress(Algorithm::Zlib, None, std::iter::once(Bytes::from("raw"))).unwrap();
        assert_eq!(decompress(Algorithm::Zlib, &zlib[2..zlib.len() - 4], 100).unwrap(), b"raw");
    }
}
