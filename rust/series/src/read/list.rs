//! Lists of timestamps of a segment, read when they are asked for.

use std::sync::{Arc, OnceLock};

use otelier_segment::error::ReadError;

use super::TableFile;
use crate::segment::tables::{TIME_MS, TIMES};

#[derive(Debug)]
pub struct Lists {
    file: TableFile,
    lists: Vec<List>,
}

#[derive(Debug, Default)]
struct List {
    /// Row group, first row in it, and how many.
    place: (usize, usize, usize),
    ms: OnceLock<Arc<[i64]>>,
}

impl Lists {
    pub fn new(file: TableFile) -> Result<Lists, ReadError> {
        let numbers = file.needed(TIMES)?;
        let mut lists: Vec<List> = Vec::new();
        for (group, rows) in file.groups().enumerate() {
            for (row, number) in file.ints(group, numbers, 0..rows)?.into_iter().enumerate() {
                let number = usize::try_from(number).map_err(|_| file.damaged("a list has no number"))?;
                // Empty lists have no rows.
                if number >= lists.len() {
                    if number - lists.len() > 1 {
                        return Err(file.damaged("lists are in disorder"));
                    }
                    lists.resize_with(number + 1, List::default);
                    lists[number].place = (group, row, 0);
                }
                let place = &mut lists[number].place;
                place.2 += 1;
                if (place.0, place.1 + place.2 - 1) != (group, row) {
                    return Err(file.damaged("a list is in pieces"));
                }
            }
        }
        Ok(Lists { file, lists })
    }

    /// A list that is not in the file is empty.
    pub fn len(&self, number: u32) -> usize {
        self.lists.get(number as usize).map_or(0, |list| list.place.2)
    }

    pub fn get(&self, number: u32) -> Result<Arc<[i64]>, ReadError> {
        let Some(list) = self.lists.get(number as usize) else { return Ok(Arc::default()) };
        if let Some(known) = list.ms.get() {
            return Ok(known.clone());
        }
        let ms = self.load(number)?;
        Ok(list.ms.get_or_init(|| ms).clone())
    }

    /// The same, kept nowhere.
    pub fn load(&self, number: u32) -> Result<Arc<[i64]>, ReadError> {
        let Some(list) = self.lists.get(number as usize) else { return Ok(Arc::default()) };
        let (group, row, count) = list.place;
        if count == 0 {
            return Ok(Arc::default());
        }
        let ms = self.file.ints(group, self.file.needed(TIME_MS)?, row..row + count)?;
        if !ms.is_sorted_by(|a, b| a < b) {
            return Err(self.file.damaged("timestamps do not ascend"));
        }
        Ok(ms.into())
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        self.lists.iter().map(|list| 48 + list.ms.get().map_or(0, |ms| 8 * ms.len())).sum()
    }
}
