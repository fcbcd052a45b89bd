//! Memory that pages are read into, used again: an answer may take hundreds of them, most for a moment.

use std::cell::RefCell;

use bytes::Bytes;

/// What a thread keeps for the next page.
const MOST: usize = 4;
const LARGEST: usize = 256 << 10;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Empty, with room for so many bytes.
pub fn take(size: usize) -> Vec<u8> {
    let mut buffer = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
    buffer.reserve(size);
    buffer
}

/// If nobody else holds them.
pub fn give_back(bytes: Bytes) {
    if !bytes.is_unique() {
        return;
    }
    let mut buffer = Vec::from(bytes);
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < MOST && buffer.capacity() <= LARGEST {
            buffer.clear();
            spare.push(buffer);
        }
    });
}
