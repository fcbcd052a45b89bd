//! Thrift's compact protocol, as much as footers, page headers and page indexes need.

use otelier_wire::protobuf::Cursor;

use super::Damage;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
/// Structures nest at most so deep.
const DEPTH: u32 = 8;
const CUT: Damage = "a footer, page header or index is cut off";

pub struct Reader<'a> {
    cursor: Cursor<'a>,
}

/// A field whose value comes next, unless it is a boolean's own.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub id: i16,
    kind: u8,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { cursor: Cursor::new(bytes) }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.cursor.rest
    }

    /// The next field of a structure; `last` is the id of the one before, 0 at first.
    pub fn field(&mut self, last: i16) -> Result<Option<Field>, Damage> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 15);
        if byte == 0 {
            return Ok(None);
        }
        let id = if delta == 0 { self.int()? as i16 } else { last.saturating_add(delta.into()) };
        Ok(Some(Field { id, kind }))
    }

    pub fn int(&mut self) -> Result<i64, Damage> {
        let value = self.cursor.varint().map_err(|_| CUT)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub fn binary(&mut self) -> Result<&'a [u8], Damage> {
        let length = self.cursor.varint().map_err(|_| CUT)?;
        self.cursor.take(usize::try_from(length).unwrap_or(usize::MAX)).map_err(|_| CUT)
    }

    /// The number of a list's elements.
    pub fn list(&mut self) -> Result<usize, Damage> {
        self.list_of().map(|(count, _)| count)
    }

    pub fn skip(&mut self, field: Field) -> Result<(), Damage> {
        self.skip_value(field.kind, false, DEPTH)
    }

    fn list_of(&mut self) -> Result<(usize, u8), Damage> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => usize::try_from(self.cursor.varint().map_err(|_| CUT)?).unwrap_or(usize::MAX),
            count => count.into(),
        };
        // Each element takes at least a byte.
        if count > self.cursor.rest.len() {
            return Err(CUT);
        }
        Ok((count, byte & 15))
    }

    fn skip_value(&mut self, kind: u8, in_list: bool, depth: u32) -> Result<(), Damage> {
        let depth = depth.checked_sub(1).ok_or("a footer, page header or index is nested too deep")?;
        match kind {
            TRUE | FALSE if in_list => self.byte().map(drop),
            TRUE | FALSE => Ok(()),
            3 => self.byte().map(drop),
            4..=6 => self.int().map(drop),
            7 => self.cursor.take(8).map(drop).map_err(|_| CUT),
            BINARY => self.binary().map(drop),
            LIST | SET => {
                let (count, of) = self.list_of()?;
                (0..count).try_for_each(|_| self.skip_value(of, true, depth))
            }
            MAP => Err("a footer, page header or index holds a map"),
            STRUCT => {
                let mut last = 0;
                while let Some(field) = self.field(last)? {
                    self.skip_value(field.kind, false, depth)?;
                    last = field.id;
                }
                Ok(())
            }
            _ => Err("a footer, page header or index holds an unknown type"),
        }
    }

    fn byte(&mut self) -> Result<u8, Damage> {
        self.cursor.take(1).map(|byte| byte[0]).map_err(|_| CUT)
    }
}

/// A page in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    pub offset: u64,
    /// With its header.
    pub size: u32,
    /// In the row group.
    pub first_row: u32,
}

/// An offset index: where a chunk's pages lie.
pub fn locations(bytes: &[u8]) -> Result<Vec<Location>, Damage> {
    let mut reader = Reader::new(bytes);
    let (mut locations, mut last) = (Vec::new(), 0);
    while let Some(field) = reader.field(last)? {
        last = field.id;
        if field.id != 1 {
            reader.skip(field)?;
            continue;
        }
        for _ in 0..reader.list()? {
            let (mut numbers, mut last) = ([0i64; 3], 0);
            while let Some(field) = reader.field(last)? {
                last = field.id;
                match field.id {
                    id @ 1..=3 => numbers[id as usize - 1] = reader.int()?,
                    _ => reader.skip(field)?,
                }
            }
            const NOWHERE: Damage = "a page lies nowhere";
            let number = |at: usize| u32::try_from(numbers[at]).map_err(|_| NOWHERE);
            let offset = u64::try_from(numbers[0]).map_err(|_| NOWHERE)?;
            locations.push(Location { offset, size: number(1)?, first_row: number(2)? });
        }
    }
    Ok(locations)
}

/// The least and greatest value of each page, as their bytes.
pub type Bounds<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Reads a column index.
pub fn bounds(bytes: &[u8]) -> Result<Bounds<'_>, Damage> {
    let mut reader = Reader::new(bytes);
    let (mut ends, mut last) = ([Vec::new(), Vec::new()], 0);
    while let Some(field) = reader.field(last)? {
        last = field.id;
        match field.id {
            id @ 2..=3 => {
                for _ in 0..reader.list()? {
                    ends[id as usize - 2].push(reader.binary()?);
                }
            }
            _ => reader.skip(field)?,
        }
    }
    let [least, greatest] = ends;
    Ok(least.into_iter().zip(greatest).collect())
}
