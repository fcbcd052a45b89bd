//! Protobuf's wire format: a bounded cursor over foreign bytes, and fields of checked ones.
//!
//! What it accepts is what google.protobuf (upb) accepts: varints of at most ten bytes (bits
//! above 64 are ignored), tags and lengths of at most five, field numbers 1 to 2²⁹-1.
//! Format: <https://protobuf.dev/programming-guides/encoding/>.

pub const VARINT: u32 = 0;
pub const FIXED64: u32 = 1;
pub const LEN: u32 = 2;
pub const START_GROUP: u32 = 3;
pub const END_GROUP: u32 = 4;
pub const FIXED32: u32 = 5;

/// What is wrong, and the address of the byte where: subtract the buffer's own to get the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub address: usize,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Truncated,
    Varint,
    Tag,
    WireType,
    Packed,
    Group,
    TooDeep,
    TooManyItems,
}

impl What {
    pub fn text(self) -> &'static str {
        match self {
            What::Truncated => "the field ends after the end of its message",
            What::Varint => "a varint is longer than ten bytes",
            What::Tag => "not a field: the number must be 1 to 536870911, the wire type 0 to 5",
            What::WireType => "the field has another wire type than OTLP gives it",
            What::Packed => "a packed field does not end with a whole element",
            What::Group => "a group is not closed, or closed without being open",
            What::TooDeep => "nested too deep",
            What::TooManyItems => "too many items",
        }
    }
}

/// A field's number and wire type as they stand on the wire: `number << 3 | wire_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub u32);

impl Tag {
    pub const fn number(self) -> u32 {
        self.0 >> 3
    }

    pub const fn wire_type(self) -> u32 {
        self.0 & 7
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Len(&'a [u8]),
    /// The group's fields and its end tag.
    Group(&'a [u8]),
}

/// Reads from the front of a slice and never past its end.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    pub rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[cold]
    pub fn fault(&self, what: What) -> Fault {
        Fault { address: self.rest.as_ptr() as usize, what }
    }

    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, Fault> {
        match self.rest {
            [byte @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(10),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self, max_bytes: usize) -> Result<u64, Fault> {
        let mut value = 0;
        for (i, &byte) in self.rest.iter().take(max_bytes).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(self.fault(if self.rest.len() < max_bytes { What::Truncated } else { What::Varint }))
    }

    #[inline(always)]
    pub fn tag(&mut self) -> Result<Tag, Fault> {
        match self.rest {
            [byte @ 8..0x80, rest @ ..] if byte & 7 < 6 => {
                self.rest = rest;
                Ok(Tag(u32::from(*byte)))
            }
            // Field 16, the only one of OTLP with a longer tag.
            [low @ 0x80..=0x85, 1, rest @ ..] => {
                self.rest = rest;
                Ok(Tag(u32::from(*low)))
            }
            _ => self.long_tag(),
        }
    }

    #[inline(never)]
    fn long_tag(&mut self) -> Result<Tag, Fault> {
        let start = *self;
        match u32::try_from(self.long_varint(5)?) {
            Ok(tag) if tag >= 8 && tag & 7 < 6 => Ok(Tag(tag)),
            _ => Err(start.fault(What::Tag)),
        }
    }

    /// The content of a length-delimited field.
    #[inline(always)]
    pub fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = match self.rest {
            [byte @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                u64::from(*byte)
            }
            [low @ 0x80..=0xff, high @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                u64::from(*low & 0x7f) | u64::from(*high) << 7
            }
            _ => self.long_varint(5)?,
        };
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    #[inline(always)]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        match self.rest.split_at_checked(count) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.fault(What::Truncated)),
        }
    }

    /// The value behind `tag`. Groups nest at most `depth` deep.
    pub fn value(&mut self, tag: Tag, depth: u32) -> Result<Value<'a>, Fault> {
        Ok(match tag.wire_type() {
            VARINT => Value::Varint(self.varint()?),
            FIXED64 => Value::Fixed64(u64::from_le_bytes(*self.array()?)),
            LEN => Value::Len(self.bytes()?),
            FIXED32 => Value::Fixed32(u32::from_le_bytes(*self.array()?)),
            START_GROUP => {
                let start = self.rest;
                self.skip_group(tag.number(), depth)?;
                Value::Group(&start[..start.len() - self.rest.len()])
            }
            _ => return Err(self.fault(What::Group)),
        })
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Fault> {
        match self.rest.split_first_chunk() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.fault(What::Truncated)),
        }
    }

    fn skip_group(&mut self, number: u32, depth: u32) -> Result<(), Fault> {
        let inner = depth.checked_sub(1).ok_or_else(|| self.fault(What::TooDeep))?;
        while !self.is_empty() {
            let tag = self.tag()?;
            match tag.wire_type() {
                END_GROUP if tag.number() == number => return Ok(()),
                _ => self.value(tag, inner)?,
            };
        }
        Err(self.fault(What::Group))
    }
}

/// A field of checked bytes; `raw` is all of it, tag included.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub number: u32,
    pub value: Value<'a>,
    pub raw: &'a [u8],
}

/// The fields of a message that has passed the check, in wire order (of anything else: up to the first fault).
#[derive(Clone)]
pub struct Fields<'a>(Cursor<'a>);

pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields(Cursor::new(message))
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let start = self.0.rest;
        if start.is_empty() {
            return None;
        }
        let tag = self.0.tag().ok()?;
        let value = self.0.value(tag, u32::MAX).ok()?;
        Some(Field { number: tag.number(), value, raw: &start[..start.len() - self.0.rest.len()] })
    }
}

/// Bytes that `value` takes as a varint.
#[inline]
pub fn varint_len(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_read_back_what_was_put_and_have_the_length_announced() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, usize::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value));
            assert_eq!(Cursor::new(&out).varint(), Ok(value as u64));
        }
    }

    #[test]
    fn overlong_varints_are_refused_as_upb_does() {
        let mut ten = [0xff; 10];
        ten[9] = 0x7f; // bits above 64 are dropped
        assert_eq!(Cursor::new(&ten).varint(), Ok(u64::MAX));
        assert_eq!(Cursor::new(&[0x80; 11]).varint().unwrap_err().what, What::Varint);
        assert_eq!(Cursor::new(&[0x80; 9]).varint().unwrap_err().what, What::Truncated);
        assert_eq!(Cursor::new(&[0xd0, 0x80, 0x80, 0x80, 0x00]).tag(), Ok(Tag(0x50)));
        assert_eq!(Cursor::new(&[0xd0, 0x80, 0x80, 0x80, 0x80, 0x00]).tag().unwrap_err().what, What::Varint);
        assert_eq!(Cursor::new(&[0x81, 0x80, 0x80, 0x80, 0x80, 0x00]).bytes().unwrap_err().what, What::Varint);
    }

    #[test]
    fn tags_need_a_number_and_a_known_wire_type() {
        for bad in [&[0x00][..], &[0x02], &[0x0e], &[0x0f], &[0x80, 0x00], &[0xff, 0xff, 0xff, 0xff, 0x7f]] {
            assert_eq!(Cursor::new(bad).tag().unwrap_err().what, What::Tag, "{bad:x?}");
        }
    }

    #[test]
    fn groups_are_skipped_whole_and_only_so_deep() {
        let open = [0xa3, 0x06];
        let close = [0xa4, 0x06];
        let nested = |n: usize| [open.repeat(n), close.repeat(n), vec![0x50, 5]].concat();
        let read = |bytes: &[u8], depth| {
            let mut cursor = Cursor::new(bytes);
            let tag = cursor.tag().unwrap();
            cursor.value(tag, depth).map(|_| cursor.rest.len()).map_err(|fault| fault.what)
        };
        assert_eq!(read(&nested(100), 100), Ok(2));
        assert_eq!(read(&nested(101), 100), Err(What::TooDeep));
        assert_eq!(read(&open, 100), Err(What::Group));
        assert_eq!(read(&close, 100), Err(What::Group));
        assert_eq!(read(&[0xa3, 0x06, 0xac, 0x06], 100), Err(What::Group));
    }
}
