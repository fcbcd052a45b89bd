//! Counts of small numbers, in arrays: those of numbered texts often are, and what is counted there is never sorted.

/// Counters at most: so many stay in a processor's cache.
const MOST: usize = 1 << 18;

pub struct Small {
    /// By row (of the beginnings of texts one each): counts by number.
    rows: Vec<Vec<u32>>,
    /// Counters that may be added. A number for which there is no room never gets any.
    room: usize,
    /// How many numbers occur.
    len: usize,
}

impl Default for Small {
    fn default() -> Small {
        Small { rows: Vec::new(), room: MOST, len: 0 }
    }
}

impl Small {
    pub fn len(&self) -> usize {
        self.len
    }

    /// `count` more of a number, at least one; false if there is no room.
    #[inline]
    pub fn add(&mut self, row: usize, number: u64, count: u32) -> bool {
        let place = number as usize;
        if let Some(known) = self.rows.get_mut(row).and_then(|counts| counts.get_mut(place)) {
            self.len += usize::from(*known == 0);
            *known += count;
            return true;
        }
        number < MOST as u64 && self.add_new(row, place, count)
    }

    #[cold]
    fn add_new(&mut self, row: usize, place: usize, count: u32) -> bool {
        self.rows.resize(self.rows.len().max(row + 1), Vec::new());
        let counts = &mut self.rows[row];
        let size = (place + 1).next_power_of_two();
        let more = size - counts.len();
        if more > self.room {
            return false;
        }
        self.room -= more;
        counts.resize(size, 0);
        counts[place] = count;
        self.len += 1;
        true
    }

    /// The numbers of a row that occur, and how often.
    pub fn each(&self, row: usize) -> impl Iterator<Item = (u64, &u32)> {
        let counts = self.rows.get(row).into_iter().flatten();
        (0..).zip(counts).filter(|(_, count)| **count > 0)
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_number_is_counted_here_each_time_or_never() {
        let (mut small, mut state) = (Small::default(), 7u64);
        let (mut counted, mut refused) = (BTreeMap::<(usize, u64), u32>::new(), BTreeMap::new());
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (row, number) = ((state >> 60) as usize, state >> 20 & ((1 << (state >> 55 & 31)) - 1));
            let of = if small.add(row, number, 2) { &mut counted } else { &mut refused };
            *of.entry((row, number)).or_default() += 2;
        }
        assert!(!refused.is_empty() && refused.keys().all(|number| !counted.contains_key(number)));
        let own = (0..small.rows()).flat_map(|row| small.each(row).map(move |(number, count)| ((row, number), *count)));
        assert!(own.eq(counted.iter().map(|(number, count)| (*number, *count))));
        assert_eq!(small.len(), counted.len());
    }
}
