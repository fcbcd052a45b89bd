//! Native histograms with fewer buckets: two neighbours of one schema are one bucket of the next coarser one.

use super::native::{Native, placed};

/// There is none coarser.
const LEAST_SCHEMA: i64 = -4;
const FINEST_SCHEMA: i64 = 8;

impl Native {
    /// The same with at most so many buckets, and a schema no finer than that. None if that can't be.
    pub fn coarser(&self, most: usize, max_schema: i64) -> Option<Native> {
        let mut native = self.clone();
        let is_exponential = (LEAST_SCHEMA..=FINEST_SCHEMA).contains(&native.layout.schema);
        if is_exponential && native.layout.schema > max_schema {
            native.reduce((native.layout.schema - max_schema.max(LEAST_SCHEMA)) as u32);
        }
        while native.positive.len() + native.negative.len() > most {
            if !is_exponential || native.layout.schema <= LEAST_SCHEMA {
                return None;
            }
            native.reduce(1);
        }
        Some(native)
    }

    fn reduce(&mut self, by: u32) {
        self.layout.schema -= i64::from(by);
        let is_float = self.is_float;
        for (spans, counts) in
            [(&mut self.layout.positive, &mut self.positive), (&mut self.layout.negative, &mut self.negative)]
        {
            (*spans, *counts) = reduced(spans, counts, is_float, by);
        }
    }
}

type Spans = Vec<(i64, u64)>;

fn reduced(spans: &[(i64, u64)], counts: &[u64], is_float: bool, by: u32) -> (Spans, Vec<u64>) {
    // Index, and the count or its bits.
    let mut buckets: Vec<(i64, u64)> = Vec::new();
    placed(spans, counts, is_float, |index, count| {
        // A bucket ends where the last of those ends that it is made of.
        let target = ((index - 1) >> by) + 1;
        match buckets.last_mut() {
            Some((last, sum)) if *last == target => {
                *sum = if is_float {
                    (f64::from_bits(*sum) + f64::from_bits(count)).to_bits()
                } else {
                    sum.wrapping_add(count)
                };
            }
            _ => buckets.push((target, count)),
        }
    });
    let (mut spans, mut end, mut before) = (Spans::new(), 0, 0_u64);
    let mut counts = Vec::with_capacity(buckets.len());
    for (index, count) in buckets {
        match spans.last_mut() {
            Some((_, length)) if index == end => *length += 1,
            _ => spans.push((index - end, 1)),
        }
        end = index + 1;
        counts.push(if is_float { count } else { count.wrapping_sub(before) });
        before = count;
    }
    (spans, counts)
}

#[cfg(test)]
mod tests {
    use super::super::native::Layout;
    use super::*;

    /// Buckets 1 to 4 and 9, with counts 1, 2, 3, 4 and 5.
    fn example(is_float: bool) -> Native {
        let layout = Layout { schema: 1, positive: vec![(1, 4), (4, 1)], ..Layout::default() };
        let counts = if is_float { [1.0, 2.0, 3.0, 4.0, 5.0].map(f64::to_bits) } else { [1, 1, 1, 1, 1] };
        Native { layout, is_float, count: 15, positive: counts.to_vec(), ..Native::default() }
    }

    #[test]
    fn neighbours_become_one_until_they_are_few_enough() {
        let coarse = example(false).coarser(3, 8).unwrap();
        assert_eq!((coarse.layout.schema, &coarse.layout.positive), (0, &vec![(1, 2), (2, 1)]));
        assert_eq!(coarse.positive, [3, 4, 0_u64.wrapping_sub(2)]);
        assert_eq!(example(false).coarser(5, 8).unwrap(), example(false));
        assert_eq!(example(true).coarser(3, 8).unwrap().positive, [3.0, 7.0, 5.0].map(f64::to_bits));
    }

    #[test]
    fn none_is_finer_than_it_may_be_nor_coarser_than_there_is() {
        let coarse = example(false).coarser(usize::MAX, -1).unwrap();
        assert_eq!((coarse.layout.schema, coarse.layout.positive), (-1, vec![(1, 1), (1, 1)]));
        assert_eq!(example(false).coarser(0, 8), None);
        let mut custom = example(false);
        custom.layout.schema = -53;
        assert_eq!(custom.coarser(4, 8), None);
        assert_eq!(custom.coarser(5, 0), Some(custom.clone()));
    }
}
