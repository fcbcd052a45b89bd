//! A page: its header in Thrift's compact protocol, and its compressed body.

use super::codes::put_zigzag;

const I32: u8 = 5;
const STRUCT: u8 = 12;
const STOP: u8 = 0;

/// What a page holds, as Parquet numbers encodings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coded {
    Plain = 0,
    Dictionary = 8,
    Delta = 5,
    DeltaLength = 6,
    /// All first bytes, then all second ones and so on.
    Split = 9,
}

const RLE: i32 = 3;

/// The header of a data page (version 1) of `rows` rows, nulls counted.
pub fn put_data_header(out: &mut Vec<u8>, rows: usize, coded: Coded, plain_size: usize, size: usize) {
    put_sizes(out, 0, plain_size, size);
    // Field 5 after field 3.
    out.push(2 << 4 | STRUCT);
    for value in [rows as i32, coded as i32, RLE, RLE] {
        put_i32(out, value);
    }
    out.extend_from_slice(&[STOP, STOP]);
}

/// The header of a dictionary page of `count` values.
pub fn put_dictionary_header(out: &mut Vec<u8>, count: usize, plain_size: usize, size: usize) {
    put_sizes(out, 2, plain_size, size);
    // Field 7 after field 3.
    out.push(4 << 4 | STRUCT);
    for value in [count as i32, Coded::Plain as i32] {
        put_i32(out, value);
    }
    out.extend_from_slice(&[STOP, STOP]);
}

fn put_sizes(out: &mut Vec<u8>, page_type: i32, plain_size: usize, size: usize) {
    for value in [page_type, plain_size as i32, size as i32] {
        put_i32(out, value);
    }
}

/// The next field, an i32.
fn put_i32(out: &mut Vec<u8>, value: i32) {
    out.push(1 << 4 | I32);
    put_zigzag(out, value.into());
}
