//! Label sets one behind the other, so that a million of them are no million allocations.

/// Of a chunk; longer sets get one of their own.
const CHUNK: usize = 1 << 20;

#[derive(Debug, Default)]
pub struct Arena {
    chunks: Vec<Vec<u8>>,
}

/// Where a text is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    chunk: u32,
    start: u32,
    length: u32,
}

impl Arena {
    pub fn put(&mut self, text: &[u8]) -> Place {
        let fits = |chunk: &Vec<u8>| chunk.len() + text.len() <= chunk.capacity();
        if !self.chunks.last().is_some_and(fits) {
            self.chunks.push(Vec::with_capacity(CHUNK.max(text.len())));
        }
        let number = self.chunks.len() - 1;
        let chunk = &mut self.chunks[number];
        let start = chunk.len() as u32;
        chunk.extend_from_slice(text);
        Place { chunk: number as u32, start, length: text.len() as u32 }
    }

    #[inline]
    pub fn get(&self, place: Place) -> &[u8] {
        let start = place.start as usize;
        &self.chunks[place.chunk as usize][start..start + place.length as usize]
    }
}
