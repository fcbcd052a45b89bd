//! A set of the rows of one block, a bit each.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    words: Vec<u64>,
    len: usize,
}

impl Rows {
    pub fn none(len: usize) -> Rows {
        Rows { words: vec![0; len.div_ceil(64)], len }
    }

    pub fn all(len: usize) -> Rows {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if let (Some(last), false) = (words.last_mut(), len.is_multiple_of(64)) {
            *last = (1 << (len % 64)) - 1;
        }
        Rows { words, len }
    }

    /// Of how many rows.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// From the first of them to the last.
    pub fn bounds(&self) -> std::ops::Range<usize> {
        let first = self.words.iter().position(|word| *word != 0);
        let last = self.words.iter().rposition(|word| *word != 0);
        let (Some(first), Some(last)) = (first, last) else { return 0..0 };
        let start = 64 * first + self.words[first].trailing_zeros() as usize;
        start..64 * (last + 1) - self.words[last].leading_zeros() as usize
    }

    pub fn is_all(&self) -> bool {
        self.count() == self.len
    }

    /// How many of a range are in it.
    pub fn count_within(&self, range: std::ops::Range<usize>) -> usize {
        let (start, end) = (range.start, range.end.min(self.len));
        if start >= end {
            return 0;
        }
        let (first, last) = (start / 64, (end - 1) / 64);
        let mut count = 0;
        for at in first..=last {
            let mut word = self.words[at];
            if at == first {
                word &= u64::MAX << (start % 64);
            }
            if at == last {
                word &= u64::MAX >> (63 - (end - 1) % 64);
            }
            count += word.count_ones() as usize;
        }
        count
    }

    /// `row` must be one of the block's.
    pub fn insert(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Those of the 64 rows from `row` on whose bits are set.
    #[inline]
    pub fn insert_bits(&mut self, row: usize, bits: u64) {
        let (at, shift) = (row / 64, row % 64);
        if let Some(word) = self.words.get_mut(at) {
            *word |= bits << shift;
        }
        if shift > 0
            && let Some(word) = self.words.get_mut(at + 1)
        {
            *word |= bits >> (64 - shift);
        }
    }

    #[inline]
    pub fn insert_range(&mut self, rows: std::ops::Range<usize>) {
        let (start, end) = (rows.start, rows.end.min(self.len));
        if start >= end {
            return;
        }
        let (first, last) = (u64::MAX << (start % 64), u64::MAX >> (63 - (end - 1) % 64));
        if start / 64 == (end - 1) / 64 {
            self.words[start / 64] |= first & last;
            return;
        }
        self.words[start / 64] |= first;
        self.words[start / 64 + 1..(end - 1) / 64].fill(u64::MAX);
        self.words[(end - 1) / 64] |= last;
    }

    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub fn add(&mut self, other: &Rows) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
    }

    pub fn retain(&mut self, other: &Rows) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, kept)| *word &= kept);
    }

    /// Of a range only what `other` has, too.
    pub fn retain_within(&mut self, other: &Rows, range: std::ops::Range<usize>) {
        let (start, end) = (range.start, range.end.min(self.len));
        if start >= end {
            return;
        }
        for at in start / 64..=(end - 1) / 64 {
            let mut kept = other.words[at];
            if at == start / 64 {
                kept |= (1 << (start % 64)) - 1;
            }
            if at == (end - 1) / 64 && !end.is_multiple_of(64) {
                kept |= u64::MAX << (end % 64);
            }
            self.words[at] &= kept;
        }
    }

    pub fn remove(&mut self, other: &Rows) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, gone)| *word &= !gone);
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.within(0..self.len)
    }

    /// Those in a range, in ascending order.
    pub fn within(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = usize> + '_ {
        let (start, end) = (range.start, range.end.min(self.len));
        let words = start / 64..end.div_ceil(64).max(start / 64);
        words.flat_map(move |at| {
            let mut word = self.words[at];
            if at == start / 64 {
                word &= u64::MAX << (start % 64);
            }
            if at == end / 64 {
                word &= (1 << (end % 64)) - 1;
            }
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                if bit == 64 {
                    return None;
                }
                word &= word - 1;
                Some(64 * at + bit)
            })
        })
    }

    pub fn any_within(&self, range: std::ops::Range<usize>) -> bool {
        self.within(range).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_whatever_its_size() {
        for len in [0, 1, 63, 64, 65, 200] {
            assert_eq!(Rows::all(len).count(), len);
            assert_eq!(Rows::all(len).iter().collect::<Vec<_>>(), (0..len).collect::<Vec<_>>());
            let mut odd = Rows::none(len);
            (0..len).filter(|row| row % 2 == 1).for_each(|row| odd.insert(row));
            let mut even = Rows::all(len);
            even.remove(&odd);
            assert_eq!(even.count() + odd.count(), len);
            even.add(&odd);
            assert_eq!(even, Rows::all(len));
            assert_eq!(even.bounds(), 0..len);
            assert_eq!(odd.bounds(), if len < 2 { 0..0 } else { 1..len / 2 * 2 });
            assert_eq!(Rows::none(len).bounds(), 0..0);
            for start in [0, 1, 63, 64, 65] {
                for end in [0, 5, 64, 128, 130] {
                    let expected: Vec<_> = (start..end.min(len)).filter(|row| row % 2 == 1).collect();
                    assert_eq!(odd.within(start..end).collect::<Vec<_>>(), expected, "{len} {start} {end}");
                    assert_eq!(odd.count_within(start..end), expected.len());
                    let mut range = Rows::none(len);
                    range.insert_range(start..end);
                    assert_eq!(range.iter().collect::<Vec<_>>(), (start..end.min(len)).collect::<Vec<_>>());
                    let mut kept = Rows::all(len);
                    kept.retain_within(&odd, start..end);
                    let is_kept = |row: &usize| row % 2 == 1 || !(start..end).contains(row);
                    assert_eq!(kept.iter().collect::<Vec<_>>(), (0..len).filter(is_kept).collect::<Vec<_>>());
                }
            }
        }
    }
}
