//! Numbers of any width, the highest bit first.

/// Reads from the beginning of `bytes` on.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// Bits that were read.
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// Bits that are left.
    pub fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    /// The next `count` bits, 64 at most. None if there are fewer.
    #[inline]
    pub fn read(&mut self, count: u32) -> Option<u64> {
        if count > 56 {
            let high = self.read(count - 32)?;
            return Some(high << 32 | self.read(32)?);
        }
        if count == 0 {
            return Some(0);
        }
        if self.left() < count as usize {
            return None;
        }
        let rest = &self.bytes[self.at / 8..];
        let window = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut eight = [0; 8];
            eight[..rest.len()].copy_from_slice(rest);
            eight
        });
        let value = u64::from_be_bytes(window) << (self.at % 8) >> (64 - count);
        self.at += count as usize;
        Some(value)
    }

    #[inline]
    pub fn bit(&mut self) -> Option<bool> {
        self.read(1).map(|bit| bit == 1)
    }

    /// How many ones come before a zero, `most` at most; then no zero follows.
    #[inline]
    pub fn ones(&mut self, most: u32) -> Option<u32> {
        for count in 0..most {
            if !self.bit()? {
                return Some(count);
            }
        }
        Some(most)
    }

    /// A varint of whole bytes, as protobuf has it.
    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.read(8)?;
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

/// Writes behind what there is.
#[derive(Debug, Default)]
pub struct Writer {
    pub bytes: Vec<u8>,
    /// Bits of the last byte that are not used yet.
    free: u32,
}

impl Writer {
    /// The lowest `count` bits of a number.
    pub fn put(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let take = left.min(self.free);
            let part = value >> (left - take) & ((1 << take) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part << (self.free - take)) as u8;
            }
            self.free -= take;
            left -= take;
        }
    }

    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.put(value, 8);
    }
}
