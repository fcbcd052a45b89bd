//! Values as a page holds them that has no dictionary.

use super::Values;
use super::codes::put_bits;
use super::delta::{put_deltas, put_lengths};
use super::page::Coded;

/// About how many bytes they take as they are.
pub fn plain_size(values: &Values) -> usize {
    match values {
        Values::Fixed(bytes, _) => bytes.len(),
        Values::Int32(values) => 4 * values.len(),
        Values::Int64(values) => 8 * values.len(),
        Values::Double(values) => 8 * values.len(),
        Values::Bool(values) => values.len() / 8,
        Values::Bytes(strings) => 4 * strings.len() + strings.size(),
    }
}

/// Appends values as a data page without dictionary holds them; notes in `cuts` where content of another sort begins.
pub fn put_values(out: &mut Vec<u8>, cuts: &mut Vec<usize>, values: &Values, from: usize, to: usize) -> Coded {
    match values {
        Values::Bytes(strings) => {
            let (bytes, _) = strings.slice(from, to);
            let lengths: Vec<i64> = (from..to).map(|at| strings.get(at).len() as i64).collect();
            put_lengths(out, &lengths);
            cuts.push(out.len());
            out.extend_from_slice(bytes);
            Coded::DeltaLength
        }
        Values::Int64(values) => {
            put_deltas(out, &values[from..to]);
            Coded::Delta
        }
        Values::Double(values) => {
            // The last two bytes, sign and exponent, are alike, the others are not.
            for byte in 0..8 {
                if byte == 6 {
                    cuts.push(out.len());
                }
                out.extend(values[from..to].iter().map(|bits| (bits >> (8 * byte)) as u8));
            }
            Coded::Split
        }
        _ => {
            put_plain(out, values, from, to);
            Coded::Plain
        }
    }
}

/// Appends integers by bytes, each place of the eight a sort of its own.
pub fn put_split(out: &mut Vec<u8>, cuts: &mut Vec<usize>, values: &[i64]) -> Coded {
    for byte in 0..8 {
        if byte > 0 {
            cuts.push(out.len());
        }
        out.extend(values.iter().map(|value| (value >> (8 * byte)) as u8));
    }
    Coded::Split
}

/// Appends values as PLAIN has them.
pub fn put_plain(out: &mut Vec<u8>, values: &Values, from: usize, to: usize) {
    match values {
        Values::Fixed(bytes, length) => out.extend_from_slice(&bytes[from * length..to * length]),
        Values::Int32(values) => values[from..to].iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
        Values::Int64(values) => values[from..to].iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
        Values::Double(values) => values[from..to].iter().for_each(|bits| out.extend_from_slice(&bits.to_le_bytes())),
        Values::Bool(values) => put_bits(out, values[from..to].iter().map(|value| u64::from(*value)), to - from, 1),
        Values::Bytes(strings) => (from..to).map(|at| strings.get(at)).for_each(|value| {
            out.extend_from_slice(&(value.len() as u32).to_le_bytes());
            out.extend_from_slice(value);
        }),
    }
}
