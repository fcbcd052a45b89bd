//! Fields of protobuf, appended; zero and empty ones are left out only where that means the same.

use otelier_wire::protobuf::put_varint;

pub fn varint(out: &mut Vec<u8>, number: usize, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value as usize);
}

pub fn fixed64(out: &mut Vec<u8>, number: usize, value: u64) {
    put_varint(out, number << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

pub fn double(out: &mut Vec<u8>, number: usize, value: f64) {
    fixed64(out, number, value.to_bits());
}

pub fn bytes(out: &mut Vec<u8>, number: usize, value: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, value.len());
    out.extend_from_slice(value);
}

pub fn string(out: &mut Vec<u8>, number: usize, value: &[u8]) {
    if !value.is_empty() {
        bytes(out, number, value);
    }
}

pub fn message(out: &mut Vec<u8>, number: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    bytes(out, number, &inner);
}
