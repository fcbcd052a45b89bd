//! Label sets side by side, as numbers of pairs, and what queries do with them.

use std::cmp::Ordering;

use hashbrown::HashTable;

use crate::pairs::{NONE, Pairs, hash_set};

/// Label sets one behind the other, each in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    numbers: Vec<u32>,
    ends: Vec<u32>,
}

impl Sets {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    #[inline]
    pub fn get(&self, at: usize) -> &[u32] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.numbers[start as usize..self.ends[at] as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len()).map(|at| self.get(at))
    }

    #[inline]
    pub fn push(&mut self, set: impl IntoIterator<Item = u32>) {
        self.numbers.extend(set);
        self.ends.push(self.numbers.len() as u32);
    }

    /// Some of them, in this order; `None` if one is not there.
    pub fn taken(&self, places: impl Iterator<Item = usize>) -> Option<Sets> {
        let mut out = Sets::default();
        for place in places {
            if place >= self.len() {
                return None;
            }
            out.push(self.get(place).iter().copied());
        }
        Some(out)
    }

    /// With the labels alone whose names' numbers are wanted.
    pub fn kept(&self, pairs: &Pairs, wanted: &[bool]) -> Sets {
        let mut out = Sets { numbers: Vec::with_capacity(self.numbers.len()), ends: Vec::with_capacity(self.len()) };
        self.iter().for_each(|set| out.push(kept(set, pairs, wanted)));
        out
    }

    /// The distinct sets of wanted labels in the order in which they come first, and by set which of them it has.
    pub fn grouped(&self, pairs: &Pairs, wanted: &[bool]) -> (Sets, Vec<u32>) {
        let mut found = Distinct::default();
        let mut scratch = Vec::new();
        let codes = self.iter().map(|set| {
            scratch.clear();
            scratch.extend(kept(set, pairs, wanted));
            found.add(&scratch)
        });
        let codes = codes.collect();
        (found.sets, codes)
    }

    /// Whether no two are equal.
    pub fn are_distinct(&self) -> bool {
        let mut found = Distinct::default();
        self.iter().enumerate().all(|(at, set)| found.add(set) as usize == at)
    }

    /// Whether they are sorted as their texts are; else how they would be.
    pub fn order(&self, pairs: &Pairs) -> Option<Vec<usize>> {
        let compared = |a: usize, b: usize| compared(self.get(a), self.get(b), pairs);
        if (1..self.len()).all(|at| compared(at - 1, at) != Ordering::Greater) {
            return None;
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| compared(*a, *b));
        Some(order)
    }

    /// By set, the pair that has the name, or NONE.
    pub fn pairs_of(&self, pairs: &Pairs, name: &[u8]) -> Vec<u32> {
        match pairs.known_name(name) {
            Some(name) => self.iter().map(|set| pairs.find(set, name).unwrap_or(NONE)).collect(),
            None => vec![NONE; self.len()],
        }
    }
}

fn kept(set: &[u32], pairs: &Pairs, wanted: &[bool]) -> impl Iterator<Item = u32> {
    set.iter().copied().filter(|pair| wanted[pairs.name_of(*pair) as usize])
}

/// By number of a name, whether it is one of these, or none of them if they are `excluded`.
pub fn wanted<'a>(pairs: &Pairs, names: impl Iterator<Item = &'a [u8]>, excluded: bool) -> Vec<bool> {
    let mut wanted = vec![excluded; pairs.names().count()];
    names.filter_map(|name| pairs.known_name(name)).for_each(|number| wanted[number as usize] = !excluded);
    wanted
}

fn compared(one: &[u32], other: &[u32], pairs: &Pairs) -> Ordering {
    let differ = one.iter().zip(other).find(|(a, b)| a != b);
    differ.map_or(one.len().cmp(&other.len()), |(a, b)| pairs.get(*a).cmp(&pairs.get(*b)))
}

/// Sets, each once, numbered in the order in which they came.
#[derive(Debug, Default)]
pub struct Distinct {
    pub sets: Sets,
    places: HashTable<u32>,
}

impl Distinct {
    /// Makes room for so many more.
    pub fn reserve(&mut self, count: usize) {
        let sets = &self.sets;
        self.places.reserve(count, |at| hash_set(sets.get(*at as usize)));
    }

    pub fn add(&mut self, set: &[u32]) -> u32 {
        let sets = &mut self.sets;
        let number = sets.len() as u32;
        let same = |at: &u32| sets.get(*at as usize) == set;
        let again = |at: &u32| hash_set(sets.get(*at as usize));
        let found = *self.places.entry(hash_set(set), same, again).or_insert(number).get();
        if found == number {
            sets.push(set.iter().copied());
        }
        found
    }
}
