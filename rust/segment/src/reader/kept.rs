//! What was read of files, kept for the questions to come: most ask for what is newest.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use hashbrown::{DefaultHashBuilder, HashMap};
use parking_lot::RwLock;

use super::page::Page;
use super::values::Dictionary;

/// Places of what was read once that are remembered, by 32 bits of their hash: 256 KiB. That some are forgotten, or very
/// few taken for others, changes only what is kept.
const SEEN: usize = 1 << 16;

/// Of a column chunk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// The file's number, which no other file had.
    pub file: u64,
    pub group: usize,
    pub column: usize,
    pub what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum What {
    Bounds,
    Dictionary,
    Page(usize),
}

/// Least and greatest value of each page.
pub type Bounds = Vec<(i64, i64)>;

#[derive(Clone, Debug)]
pub enum Item {
    Bounds(Arc<Bounds>),
    Dictionary(Arc<Dictionary>),
    Page(Arc<Page>),
}

/// As many bytes of items as it may hold. Which ones: what was read twice comes in, so a scan of everything, or a trace
/// that is looked at once, pushes out nothing; and by second chance (CLOCK, Corbató 1968) goes what was not asked for
/// again since the hand came by last.
#[derive(Debug)]
pub struct Kept {
    max_bytes: usize,
    items: RwLock<Items>,
    /// Read once lately, and not kept.
    seen: Box<[AtomicU32]>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
struct Items {
    of: HashMap<Place, Entry>,
    /// The hand is at the front.
    clock: VecDeque<Place>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    item: Item,
    bytes: usize,
    asked: AtomicBool,
}

impl Kept {
    pub fn new(max_bytes: usize) -> Kept {
        let (of, clock) = (HashMap::new(), VecDeque::new());
        let seen = (0..SEEN).map(|_| AtomicU32::new(0)).collect();
        Kept {
            max_bytes,
            items: RwLock::new(Items { of, clock, bytes: 0 }),
            seen,
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub fn get(&self, place: &Place) -> Option<Item> {
        let items = self.items.read();
        let entry = items.of.get(place)?;
        entry.asked.store(true, Ordering::Relaxed);
        Some(entry.item.clone())
    }

    /// Whether what is not here and is about to be read should come in: it was read before. If not, it is from now on.
    pub fn wants(&self, place: &Place) -> bool {
        let hash = self.hasher.hash_one(place);
        let (slot, mark) = (hash as usize % SEEN, (hash >> 32) as u32);
        self.seen[slot].swap(mark, Ordering::Relaxed) == mark
    }

    pub fn put(&self, place: Place, item: Item) {
        /// Of the entry itself.
        const ENTRY: usize = size_of::<Place>() * 2 + size_of::<Entry>();
        let bytes = ENTRY + item.size();
        let mut gone = Vec::new();
        let mut items = self.items.write();
        if bytes > self.max_bytes || items.of.contains_key(&place) {
            return;
        }
        items.of.insert(place, Entry { item, bytes, asked: AtomicBool::new(false) });
        items.clock.push_back(place);
        items.bytes += bytes;
        while items.bytes > self.max_bytes {
            gone.extend(items.turn());
        }
        // What goes is freed when others may look again.
        drop(items);
    }
}

impl Items {
    /// The next one goes, or gets a second chance.
    fn turn(&mut self) -> Option<Entry> {
        let place = self.clock.pop_front()?;
        if self.of.get(&place)?.asked.swap(false, Ordering::Relaxed) {
            self.clock.push_back(place);
            return None;
        }
        let entry = self.of.remove(&place)?;
        self.bytes -= entry.bytes;
        Some(entry)
    }
}

impl Item {
    /// About how many bytes of memory it takes.
    fn size(&self) -> usize {
        match self {
            Item::Bounds(bounds) => bounds.len() * size_of::<(i64, i64)>(),
            Item::Dictionary(dictionary) => dictionary.size(),
            Item::Page(page) => page.size(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: u64) -> Place {
        Place { file, group: 0, column: 0, what: What::Dictionary }
    }

    fn item() -> Item {
        Item::Dictionary(Arc::new(Dictionary::Int64(vec![0; 1000])))
    }

    fn read(kept: &Kept, file: u64) {
        if kept.get(&place(file)).is_none() && kept.wants(&place(file)) {
            kept.put(place(file), item());
        }
    }

    fn read_twice(kept: &Kept, file: u64) {
        read(kept, file);
        read(kept, file);
    }

    #[test]
    fn a_scan_does_not_push_out_what_is_asked_for_again() {
        let kept = Kept::new(100_000);
        read_twice(&kept, 0);
        for file in 1..1000 {
            assert!(kept.get(&place(0)).is_some(), "{file}");
            read_twice(&kept, file);
        }
        assert!(kept.get(&place(1)).is_none() && kept.get(&place(999)).is_some());
    }

    #[test]
    fn what_is_read_once_is_not_kept() {
        let kept = Kept::new(100_000);
        read(&kept, 0);
        assert!(kept.get(&place(0)).is_none());
        read(&kept, 0);
        assert!(kept.get(&place(0)).is_some());
    }

    #[test]
    fn there_is_never_more_than_may_be() {
        let kept = Kept::new(20_000);
        for file in 0..100 {
            read_twice(&kept, file);
            read_twice(&kept, file);
            let items = kept.items.read();
            assert!(items.bytes <= 20_000 && items.of.len() == items.clock.len());
        }
        let small = Kept::new(100);
        read_twice(&small, 0);
        assert!(small.get(&place(0)).is_none());
    }
}
