//! A float as an integer that compresses well: decimals as scaled integers by their differences, others by the bits that
//! changed.

use crate::segment::CHUNK;

/// Digits behind the point of a decimal, at most.
const MAX_SCALE: usize = 9;
/// In place of digits behind the point: the numbers are no decimals.
pub const BITS: i32 = -1;
/// Decimals have mantissas below this: so they, and their differences, are exact.
const MOST: f64 = 9_007_199_254_740_992.0;
const POWERS: [f64; MAX_SCALE + 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// Numbers among decimals that are none: the stale marker, NaN as Go and as others write it, infinities, -0. The n-th
/// has the code -1 - n, that no difference has.
const SPECIAL: [u64; 6] = [
    0x7ff0_0000_0000_0002,
    0x7ff8_0000_0000_0001,
    0x7ff8_0000_0000_0000,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x8000_0000_0000_0000,
];
const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
const NEGATIVE_ZERO: u64 = SPECIAL[5];

/// True for what may be special: hardly ever.
#[inline]
fn is_odd(bits: u64) -> bool {
    bits & EXPONENT == EXPONENT || bits == NEGATIVE_ZERO
}

fn special(bits: u64) -> Option<i64> {
    SPECIAL.iter().position(|each| *each == bits).map(|place| -1 - place as i64)
}

#[inline]
fn mantissa(value: f64, scale: usize) -> Option<i64> {
    if scale == 0 {
        let whole = value as i64;
        return (value.abs() < MOST && (whole as f64).to_bits() == value.to_bits()).then_some(whole);
    }
    let scaled = value * POWERS[scale];
    let whole = (scaled + 0.5f64.copysign(scaled)) as i64;
    let back = whole as f64 / POWERS[scale];
    (scaled.abs() < MOST && back.to_bits() == value.to_bits()).then_some(whole)
}

/// How many digits behind the point all these floats (their bits) have at most; [`BITS`] if they are no decimals.
pub fn scale_of(bits: &[u64]) -> i32 {
    let mut scale = 0;
    for each in bits {
        if is_odd(*each) {
            if special(*each).is_none() {
                return BITS;
            }
            continue;
        }
        while mantissa(f64::from_bits(*each), scale).is_none() {
            scale += 1;
            if scale > MAX_SCALE {
                return BITS;
            }
        }
    }
    // What fits with few digits may be too large for many.
    let fits = |each: &u64| is_odd(*each) || mantissa(f64::from_bits(*each), scale).is_some();
    if scale == 0 || bits.iter().all(fits) { scale as i32 } else { BITS }
}

/// Appends the codes of a series' samples; each chunk begins anew. `scale` must be that of [`scale_of`].
pub fn put_codes(bits: &[u64], scale: i32, out: &mut Vec<i64>) {
    out.reserve(bits.len());
    for chunk in bits.chunks(CHUNK) {
        match usize::try_from(scale) {
            Err(_) => {
                let mut before = 0;
                out.extend(chunk.iter().map(|each| {
                    let changed = each ^ before;
                    before = *each;
                    changed as i64
                }));
            }
            Ok(scale) => {
                let mut before = 0;
                out.extend(chunk.iter().map(|each| {
                    if is_odd(*each) {
                        return special(*each).unwrap_or(-1);
                    }
                    let now = mantissa(f64::from_bits(*each), scale).unwrap_or(0);
                    let difference = now - before;
                    before = now;
                    (difference << 1) ^ (difference >> 63)
                }));
            }
        }
    }
}

/// The bytes of a page's codes, by place.
pub struct Planes<'a> {
    bytes: &'a [u8],
    rows: usize,
    /// Places from this one on are 0 everywhere.
    used: usize,
}

impl<'a> Planes<'a> {
    /// `bytes`: all first bytes, then all second ones, up to the eighth.
    pub fn new(bytes: &'a [u8]) -> Planes<'a> {
        let rows = bytes.len() / 8;
        let is_used =
            |place: &usize| bytes[place * rows..(place + 1) * rows].iter().fold(0, |any, byte| any | byte) != 0;
        let used = (0..8).rev().find(is_used).map_or(0, |place| place + 1);
        Planes { bytes, rows, used }
    }

    /// Some neighbouring floats of a chunk, as many as `out` has; its codes begin at the row `first`, and `skip` come before.
    pub fn decode(&self, first: usize, skip: usize, scale: i32, out: &mut [f64]) {
        match self.used {
            0 => out.fill(0.0),
            1 => self.decode_of::<1>(first, skip, scale, out),
            2 => self.decode_of::<2>(first, skip, scale, out),
            3 => self.decode_of::<3>(first, skip, scale, out),
            4 => self.decode_of::<4>(first, skip, scale, out),
            _ => self.decode_of::<8>(first, skip, scale, out),
        }
    }

    fn decode_of<const WIDTH: usize>(&self, first: usize, skip: usize, scale: i32, out: &mut [f64]) {
        let count = skip + out.len();
        let planes: [&[u8]; WIDTH] =
            std::array::from_fn(|place| &self.bytes[place * self.rows + first..place * self.rows + first + count]);
        let code = |at: usize| (0..WIDTH).fold(0u64, |code, place| code | u64::from(planes[place][at]) << (8 * place));
        match usize::try_from(scale) {
            Err(_) => {
                let mut before = (0..skip).fold(0, |before, at| before ^ code(at));
                for (at, out) in (skip..count).zip(out) {
                    before ^= code(at);
                    *out = f64::from_bits(before);
                }
            }
            Ok(scale) => {
                let is_special = |code: u64| WIDTH == 8 && code >> 56 != 0;
                let difference = |code: u64| (code >> 1) as i64 ^ -((code & 1) as i64);
                let skipped = (0..skip).map(code).filter(|code| !is_special(*code)).map(difference);
                let mut before = skipped.fold(0i64, i64::wrapping_add);
                for (at, out) in (skip..count).zip(out.iter_mut()) {
                    let code = code(at);
                    if is_special(code) {
                        *out = f64::from_bits(SPECIAL[(!code as usize).min(SPECIAL.len() - 1)]);
                        continue;
                    }
                    before = before.wrapping_add(difference(code));
                    *out = before as f64;
                }
                if scale > 0 {
                    unscale(out, scale);
                }
            }
        }
    }
}

/// Special numbers stay what they are, because division leaves infinities, zeros and quiet NaN alone; but a stale marker
/// would become a quiet NaN.
fn unscale(out: &mut [f64], scale: usize) {
    let by = POWERS[scale.min(MAX_SCALE)];
    for out in out {
        if out.to_bits() != SPECIAL[0] {
            *out /= by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(bits: &[u64]) -> (i32, Vec<u64>) {
        let scale = scale_of(bits);
        let mut codes = Vec::new();
        put_codes(bits, scale, &mut codes);
        let bytes: Vec<u8> =
            (0..8).flat_map(|place| codes.iter().map(move |code| (code >> (8 * place)) as u8)).collect();
        let planes = Planes::new(&bytes);
        let mut out = Vec::new();
        for (number, chunk) in bits.chunks(CHUNK).enumerate() {
            let mut floats = vec![0.0; chunk.len()];
            let (before, behind) = floats.split_at_mut(chunk.len() / 3);
            planes.decode(number * CHUNK, 0, scale, before);
            planes.decode(number * CHUNK, before.len(), scale, behind);
            out.extend(floats.iter().map(|float| float.to_bits()));
        }
        (scale, out)
    }

    fn check(floats: &[f64], scale: i32) {
        let bits: Vec<u64> = floats.iter().map(|float| float.to_bits()).collect();
        assert_eq!(back(&bits), (scale, bits));
    }

    #[test]
    fn decimals_are_scaled_as_little_as_they_can_be() {
        check(&[], 0);
        check(&[0.0; 500], 0);
        check(&(0..1000).map(f64::from).collect::<Vec<_>>(), 0);
        check(&[1.0, -2.5, 1e6], 1);
        check(&[0.000_000_001, 123_456.789], 9);
        check(&[9_007_199_254_740_991.0, -9_007_199_254_740_991.0, 0.0], 0);
        check(&(0..700).map(|at| f64::from(at) / 100.0).collect::<Vec<_>>(), 2);
    }

    #[test]
    fn others_are_kept_by_their_bits() {
        check(&[0.1 + 0.2, 1.0], BITS);
        check(&[9_007_199_254_740_992.0], BITS);
        check(&[1e15, 0.001], BITS);
        check(&[f64::MAX, f64::MIN_POSITIVE, -f64::MIN_POSITIVE / 2.0], BITS);
        check(&(0..500).map(|at| f64::from(at).sqrt()).collect::<Vec<_>>(), BITS);
    }

    #[test]
    fn special_numbers_do_not_spoil_decimals_and_every_bit_comes_back() {
        for scaled in [0.5f64, 1.25] {
            let mut bits = vec![scaled.to_bits()];
            bits.extend(SPECIAL);
            bits.extend([7.5f64.to_bits(), SPECIAL[0]]);
            let (scale, out) = back(&bits);
            assert!(scale > 0);
            assert_eq!(out, bits);
        }
        let odd = [1.0f64.to_bits(), 0x7ff0_0000_0000_0003, 0xfff8_0000_0000_0000];
        assert_eq!(back(&odd), (BITS, odd.to_vec()));
    }
}
