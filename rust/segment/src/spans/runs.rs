//! How often each of many numbers occurs, by class: numbers are gathered, sorted and merged. A hash table of a hundred
//! thousand of them misses the processor's caches at each look; this goes through memory in order.

/// So many are gathered at least before they are merged.
const GATHERED_MIN: usize = 1 << 14;

#[derive(Default)]
pub struct Runs {
    classes: usize,
    /// In order, each once.
    keys: Vec<u64>,
    /// By key and class.
    counts: Vec<u32>,
    /// By class: what came since.
    gathered: Vec<Vec<u64>>,
}

impl Runs {
    pub fn new(classes: usize) -> Runs {
        Runs { classes, gathered: vec![Vec::new(); classes], ..Runs::default() }
    }

    /// How many different numbers there are, without those that were not merged yet.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    #[inline]
    pub fn add(&mut self, key: u64, class: u32) {
        let gathered = &mut self.gathered[class as usize];
        gathered.push(key);
        if gathered.len() >= GATHERED_MIN && gathered.len() >= self.keys.len() {
            self.merge(class as usize);
        }
    }

    fn merge(&mut self, class: usize) {
        let mut gathered = std::mem::take(&mut self.gathered[class]);
        gathered.sort_unstable();
        let runs = gathered.chunk_by(|a, b| a == b);
        self.merge_sorted(runs.map(|same| (same[0], same.len() as u32)), |counts, count| counts[class] += count);
        gathered.clear();
        self.gathered[class] = gathered;
    }

    /// Merges numbers that are in order, each once, with what `put` adds to their counts.
    pub fn merge_sorted<T>(&mut self, new: impl Iterator<Item = (u64, T)>, mut put: impl FnMut(&mut [u32], T)) {
        let classes = self.classes;
        let (known, counts) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.counts));
        self.keys.reserve(known.len());
        self.counts.reserve(counts.len());
        let mut at = 0;
        for (key, count) in new {
            let before = at;
            while known.get(at).is_some_and(|known| *known <= key) {
                at += 1;
            }
            self.keys.extend_from_slice(&known[before..at]);
            self.counts.extend_from_slice(&counts[before * classes..at * classes]);
            if self.keys.last() != Some(&key) {
                self.keys.push(key);
                self.counts.resize(self.counts.len() + classes, 0);
            }
            let last = self.counts.len() - classes;
            put(&mut self.counts[last..], count);
        }
        self.keys.extend_from_slice(&known[at..]);
        self.counts.extend_from_slice(&counts[at * classes..]);
    }

    /// Merges what is left.
    pub fn settle(&mut self) {
        for class in 0..self.classes {
            if !self.gathered[class].is_empty() {
                self.merge(class);
                self.gathered[class] = Vec::new();
            }
        }
    }

    /// All that was merged.
    pub fn each(&self) -> impl Iterator<Item = (u64, &[u32])> {
        self.keys.iter().copied().zip(self.counts.chunks_exact(self.classes.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn numbers_are_counted_however_they_come() {
        let mut runs = Runs::new(2);
        let mut expected: BTreeMap<u64, [u32; 2]> = BTreeMap::new();
        let mut state = 7u64;
        for at in 0..200_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = if at % 3 == 0 { state >> 33 } else { state >> 50 };
            runs.add(key, u32::from(at % 5 == 0));
            expected.entry(key).or_default()[usize::from(at % 5 == 0)] += 1;
        }
        runs.settle();
        runs.merge_sorted([(0, 3), (1 << 40, 4)].into_iter(), |counts, count| counts[1] += count);
        expected.entry(0).or_default()[1] += 3;
        expected.entry(1 << 40).or_default()[1] += 4;
        assert!(runs.each().eq(expected.iter().map(|(key, counts)| (*key, &counts[..]))));
        assert_eq!(runs.len(), expected.len());
    }
}
