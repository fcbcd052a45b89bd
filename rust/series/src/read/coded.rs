//! A column of labels: a code for each row that has the label.

use otelier_segment::reader::Texts;

use crate::pairs::NONE;

/// Rows that are kept together; nothing is kept where none of them has a value.
const TILE: usize = 1_024;

#[derive(Debug)]
pub struct Coded {
    texts: Texts,
    tiles: Vec<Option<Box<[u32]>>>,
}

impl Coded {
    pub fn new(texts: Texts, rows: usize) -> Coded {
        Coded { texts, tiles: vec![None; rows.div_ceil(TILE)] }
    }

    /// False for a code or a row that can't be.
    pub fn put(&mut self, row: usize, code: u32) -> bool {
        let Some(tile) = self.tiles.get_mut(row / TILE).filter(|_| (code as usize) < self.texts.len()) else {
            return false;
        };
        tile.get_or_insert_with(|| vec![NONE; TILE].into())[row % TILE] = code;
        true
    }

    /// NONE for a row without the label.
    #[inline]
    pub fn code(&self, row: usize) -> u32 {
        match self.tiles.get(row / TILE) {
            Some(Some(tile)) => tile[row % TILE],
            _ => NONE,
        }
    }

    pub fn text(&self, code: u32) -> &[u8] {
        self.texts.get(code as usize)
    }

    /// Of distinct texts.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        self.texts.size() + self.tiles.iter().map(|tile| 16 + tile.as_ref().map_or(0, |_| 4 * TILE)).sum::<usize>()
    }
}
