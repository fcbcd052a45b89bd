//! Which row groups can hold spans of an operation, and how long these last at most.

use std::io;

use otelier_wire::protobuf::{Cursor, put_varint};

use super::{count, number, text};

/// Spans of one service, name and status in one row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CatalogueEntry {
    /// Place in [`Catalogue::names`].
    pub name: u32,
    pub status_code: i32,
    pub spans: u32,
    /// The bucket of the longest one's duration.
    pub longest: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Service (`""`: none) and span name, sorted.
    pub names: Vec<(String, String)>,
    /// By row group; entries sorted by name and status.
    pub row_groups: Vec<Vec<CatalogueEntry>>,
}

impl Catalogue {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.names.len());
        for (service, name) in &self.names {
            for text in [service, name] {
                put_varint(&mut out, text.len());
                out.extend_from_slice(text.as_bytes());
            }
        }
        put_varint(&mut out, self.row_groups.len());
        for entries in &self.row_groups {
            put_varint(&mut out, entries.len());
            let mut last = 0;
            for entry in entries {
                put_varint(&mut out, (entry.name - last) as usize);
                last = entry.name;
            }
            entries.iter().for_each(|entry| put_varint(&mut out, entry.status_code as u32 as usize));
            entries.iter().for_each(|entry| put_varint(&mut out, entry.spans as usize));
            entries.iter().for_each(|entry| put_varint(&mut out, entry.longest as usize));
        }
        out
    }

    pub fn decode(content: &[u8]) -> io::Result<Catalogue> {
        let mut cursor = Cursor::new(content);
        if cursor.is_empty() {
            return Ok(Catalogue::default());
        }
        let mut names = Vec::new();
        for _ in 0..count(&mut cursor)? {
            let mut next = || Ok::<_, io::Error>(String::from_utf8_lossy(text(&mut cursor)?).into_owned());
            names.push((next()?, next()?));
        }
        let mut row_groups = Vec::new();
        for _ in 0..count(&mut cursor)? {
            let many = count(&mut cursor)?;
            let mut column = || (0..many).map(|_| number(&mut cursor)).collect::<io::Result<Vec<u64>>>();
            let (steps, statuses, spans, longest) = (column()?, column()?, column()?, column()?);
            let mut name = 0u32;
            let entry = |at: usize| {
                name = name.saturating_add(steps[at] as u32);
                let (status_code, spans, longest) = (statuses[at] as u32 as i32, spans[at] as u32, longest[at] as u32);
                CatalogueEntry { name, status_code, spans, longest }
            };
            row_groups.push((0..many).map(entry).collect());
        }
        Ok(Catalogue { names, row_groups })
    }
}
