//! The words of a row group's lines, each once.

use hashbrown::HashSet;

use crate::index::Filter;
use crate::logs::entries;

/// Entries that were put in lately, by their lowest bits: most words come again soon.
const RECENT: usize = 1 << 12;

pub struct Vocabulary {
    entries: HashSet<u64>,
    recent: Box<[u64]>,
    room: Vec<u8>,
}

impl Default for Vocabulary {
    fn default() -> Vocabulary {
        Vocabulary { entries: HashSet::new(), recent: vec![0; RECENT].into(), room: Vec::new() }
    }
}

impl Vocabulary {
    pub fn add(&mut self, line: &[u8]) {
        let Vocabulary { entries: all, recent, room } = self;
        entries(&String::from_utf8_lossy(line), room, &mut |entry| {
            let known = &mut recent[entry as usize % RECENT];
            // An entry may be the 0 that stands for none.
            if *known != entry || entry == 0 {
                *known = entry;
                all.insert(entry);
            }
        });
    }

    /// A filter over all of them; the next row group begins without any.
    pub fn take(&mut self) -> Filter {
        self.recent.fill(0);
        let filter = Filter::of_words(self.entries.iter().copied());
        self.entries.clear();
        filter
    }
}
