//! CRC-32 as in IEEE 802.3: polynomial 0x04C11DB7, bits reflected.

static TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            rest = if rest & 1 == 1 { rest >> 1 ^ 0xEDB8_8320 } else { rest >> 1 };
            bit += 1;
        }
        table[byte] = rest;
        byte += 1;
    }
    table
};

/// A checksum under way, so that a key in pieces needs no buffer.
#[derive(Clone, Copy)]
pub struct Crc32(u32);

impl Crc32 {
    pub fn new() -> Crc32 {
        Crc32(!0)
    }

    #[inline]
    pub fn add(self, bytes: &[u8]) -> Crc32 {
        let next = |rest: u32, byte: &u8| TABLE[usize::from(rest as u8 ^ byte)] ^ rest >> 8;
        Crc32(bytes.iter().fold(self.0, next))
    }

    pub fn value(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_the_standards() {
        assert_eq!(Crc32::new().add(b"123456789").value(), 0xCBF4_3926);
        assert_eq!(Crc32::new().add(b"1234").add(b"").add(b"56789").value(), 0xCBF4_3926);
        assert_eq!(Crc32::new().value(), 0);
    }
}
