//! What was read of files, kept for the questions to come: most ask for what is newest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashMap;
use parking_lot::RwLock;

use super::page::Page;
use super::thrift::Location;
use super::values::Dictionary;

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
    Locations,
    Bounds,
    Dictionary,
    Page(usize),
}

#[derive(Clone, Debug)]
pub enum Item {
    Locations(Arc<Vec<Location>>),
    /// Least and greatest value of each page.
    Bounds(Arc<Vec<(i64, i64)>>),
    Dictionary(Arc<Dictionary>),
    Page(Arc<Page>),
}

/// As many bytes of items as it may hold. Which ones: second chance (CLOCK, Corbató 1968). What was not asked for again
/// since the hand came by last goes, so a scan of everything does not push out what many questions want.
#[derive(Debug)]
pub struct Kept {
    max_bytes: usize,
    items: RwLock<Items>,
}

#[derive(Debug, Default)]
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
        Kept { max_bytes, items: RwLock::default() }
    }

    pub fn get(&self, place: &Place) -> Option<Item> {
        let items = self.items.read();
        let entry = items.of.get(place)?;
        entry.asked.store(true, Ordering::Relaxed);
        Some(entry.item.clone())
    }

    pub fn put(&self, place: Place, item: Item) {
        /// Of the entry itself.
        const ENTRY: usize = size_of::<Place>() * 2 + size_of::<Entry>();
        let bytes = ENTRY + item.size();
        let mut items = self.items.write();
        if bytes > self.max_bytes || items.of.contains_key(&place) {
            return;
        }
        items.of.insert(place, Entry { item, bytes, asked: AtomicBool::new(false) });
        items.clock.push_back(place);
        items.bytes += bytes;
        while items.bytes > self.max_bytes {
            items.turn();
        }
    }
}

impl Items {
    /// The next one goes, or gets a second chance.
    fn turn(&mut self) {
        let Some(place) = self.clock.pop_front() else { return };
        match self.of.get(&place) {
            Some(entry) if entry.asked.swap(false, Ordering::Relaxed) => self.clock.push_back(place),
            Some(entry) => {
                self.bytes -= entry.bytes;
                self.of.remove(&place);
            }
            None => {}
        }
    }
}

impl Item {
    /// About how many bytes of memory it takes.
    fn size(&self) -> usize {
        match self {
            Item::Locations(locations) => locations.len() * size_of::<Location>(),
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

    #[test]
    fn a_scan_does_not_push_out_what_is_asked_for_again() {
        let kept = Kept::new(100_000);
        kept.put(place(0), item());
        for file in 1..1000 {
            assert!(kept.get(&place(0)).is_some(), "{file}");
            kept.put(place(file), item());
        }
        assert!(kept.get(&place(1)).is_none() && kept.get(&place(999)).is_some());
    }

    #[test]
    fn there_is_never_more_than_may_be() {
        let kept = Kept::new(20_000);
        for file in 0..100 {
            kept.put(place(file), item());
            kept.put(place(file), item());
            let items = kept.items.read();
            assert!(items.bytes <= 20_000 && items.of.len() == items.clock.len());
        }
        let small = Kept::new(100);
        small.put(place(0), item());
        assert!(small.get(&place(0)).is_none());
    }
}
