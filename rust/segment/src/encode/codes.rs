//! Dictionary codes, as Parquet's hybrid of runs and packed bits; varints and packed bits for others.

/// Bits that the codes of a dictionary with `count` entries take.
pub fn width(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

/// Appends the codes behind the byte with their width.
pub fn put_codes(out: &mut Vec<u8>, codes: &[u32], width: u32) {
    out.push(width as u8);
    let (mut packed, mut at) = (0, 0);
    while at < codes.len() {
        let run = codes[at..].iter().take_while(|code| **code == codes[at]).count();
        // A run must begin where the packed groups of eight before it end.
        let skip = (at - packed).next_multiple_of(8) - (at - packed);
        if run < skip + 8 {
            at += run;
            continue;
        }
        put_packed(out, &codes[packed..at + skip], width);
        put_varint(out, ((run - skip) << 1) as u64);
        let bytes = codes[at].to_le_bytes();
        out.extend_from_slice(&bytes[..width.div_ceil(8) as usize]);
        at += run;
        packed = at;
    }
    put_packed(out, &codes[packed..], width);
}

/// Groups of eight; the last is filled up with zeros, so only the last packed run may be one that is not full.
fn put_packed(out: &mut Vec<u8>, codes: &[u32], width: u32) {
    if !codes.is_empty() {
        let groups = codes.len().div_ceil(8);
        put_varint(out, (groups << 1 | 1) as u64);
        put_bits(out, codes.iter().map(|code| u64::from(*code)), groups * 8, width);
    }
}

/// Packs the values, `count` with the zeros that fill them up, lowest bits first. `width` is at most 64.
pub fn put_bits(out: &mut Vec<u8>, values: impl Iterator<Item = u64>, count: usize, width: u32) {
    let end = out.len() + (count * width as usize).div_ceil(8);
    let (mut word, mut filled) = (0u128, 0);
    for value in values {
        word |= u128::from(value) << filled;
        filled += width;
        if filled >= 64 {
            out.extend_from_slice(&(word as u64).to_le_bytes());
            word >>= 64;
            filled -= 64;
        }
    }
    out.extend_from_slice(&(word as u64).to_le_bytes()[..filled.div_ceil(8) as usize]);
    out.resize(end, 0);
}

pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_varint(out, (value << 1 ^ value >> 63) as u64);
}
