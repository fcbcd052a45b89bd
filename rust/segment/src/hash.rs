//! The hash that files hold: stable for ever, whatever machine and version.

/// 64 bits of a string; 0 for none. The last word may overlap the one before it; the length tells them apart.
#[inline]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let length = bytes.len() as u64;
    let Some(last) = bytes.last_chunk() else {
        let short = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        return if bytes.is_empty() { 0 } else { mix(length, short) };
    };
    let words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    mix(words.fold(length, mix), u64::from_le_bytes(*last))
}

/// One-to-one in `b`. Constants and shifts: "moremur" by Pelle Evensen, and the golden ratio.
#[inline]
pub fn mix(a: u64, b: u64) -> u64 {
    let mut hash = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) ^ b;
    hash = (hash ^ hash >> 27).wrapping_mul(0x3c79_ac49_2ba7_b653);
    hash = (hash ^ hash >> 33).wrapping_mul(0x1c69_b3f7_4ac4_ae35);
    hash ^ hash >> 27
}
