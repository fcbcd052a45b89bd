//! What was counted so far, by group and step.

use super::aggregate::{Aggregate, Kind};
use super::histogram::{Histogram, number};

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub struct Cells {
    kind: Kind,
    /// By group: its cells, from a first step on.
    of_group: Vec<(u32, Vec<u32>)>,
    pub counts: Vec<u64>,
    /// Sum, least, greatest.
    sums: Vec<(f64, f64, f64)>,
    histograms: Vec<Histogram>,
}

impl Cells {
    pub fn new(kind: Kind) -> Cells {
        Cells { kind, of_group: Vec::new(), counts: Vec::new(), sums: Vec::new(), histograms: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.counts.len()
    }

    #[inline]
    fn cell(&mut self, group: u32, step: u32) -> usize {
        if let Some((first, cells)) = self.of_group.get(group as usize)
            && let Some(cell) = cells.get(step.wrapping_sub(*first) as usize)
            && *cell != NONE
        {
            return *cell as usize;
        }
        self.new_cell(group, step)
    }

    fn new_cell(&mut self, group: u32, step: u32) -> usize {
        let group = group as usize;
        if self.of_group.len() <= group {
            self.of_group.resize(group + 1, (0, Vec::new()));
        }
        let (first, cells) = &mut self.of_group[group];
        if cells.is_empty() {
            *first = step;
        } else if step < *first {
            cells.splice(0..0, std::iter::repeat_n(NONE, (*first - step) as usize));
            *first = step;
        }
        let place = (step - *first) as usize;
        cells.resize(cells.len().max(place + 1), NONE);
        let cell = self.counts.len();
        cells[place] = cell as u32;
        self.counts.push(0);
        if self.kind != Kind::Count {
            self.sums.push((0.0, f64::INFINITY, f64::NEG_INFINITY));
        }
        if self.kind == Kind::Histogram {
            self.histograms.push(Histogram::default());
        }
        cell
    }

    #[inline]
    pub fn count(&mut self, group: u32, step: u32) {
        let cell = self.cell(group, step);
        self.counts[cell] += 1;
    }

    #[inline]
    pub fn add(&mut self, group: u32, step: u32, value: f64) {
        let cell = self.cell(group, step);
        self.counts[cell] += 1;
        let (sum, least, greatest) = &mut self.sums[cell];
        *sum += value;
        *least = least.min(value);
        *greatest = greatest.max(value);
        if self.kind == Kind::Histogram {
            self.histograms[cell].add(number(value), 1);
        }
    }

    /// Many at once; of a histogram's values their sum and buckets.
    pub fn add_many(&mut self, group: u32, step: u32, calls: u64, values: Option<Many>) {
        let cell = self.cell(group, step);
        self.counts[cell] += calls;
        let Some(Many { sum, least, greatest, buckets }) = values else { return };
        let (total, min, max) = &mut self.sums[cell];
        *total += sum;
        *min = min.min(least);
        *max = max.max(greatest);
        for (number, count) in buckets {
            self.histograms[cell].add(*number, u32::try_from(*count).unwrap_or(u32::MAX));
        }
    }

    /// Takes in what another pass has counted; `groups`: what its groups are here.
    pub fn merge(&mut self, other: Cells, groups: &[u32]) {
        let mut histograms = other.histograms.into_iter().map(Some).collect::<Vec<_>>();
        for (group, (first, cells)) in groups.iter().zip(other.of_group) {
            for (step, theirs) in (first..).zip(cells).filter(|(_, cell)| *cell != NONE) {
                let (own, theirs) = (self.cell(*group, step), theirs as usize);
                self.counts[own] += other.counts[theirs];
                if let Some((sum, least, greatest)) = other.sums.get(theirs) {
                    let (total, min, max) = &mut self.sums[own];
                    *total += sum;
                    *min = min.min(*least);
                    *max = max.max(*greatest);
                }
                for (number, count) in
                    histograms.get_mut(theirs).and_then(Option::take).into_iter().flat_map(Histogram::finish)
                {
                    self.histograms[own].add(number, u32::try_from(count).unwrap_or(u32::MAX));
                }
            }
        }
    }

    pub fn finish(self, groups: usize) -> Aggregate {
        let mut aggregate = Aggregate::default();
        let mut histograms: Vec<Option<Histogram>> = self.histograms.into_iter().map(Some).collect();
        let with_buckets = self.kind == Kind::Histogram;
        if with_buckets {
            aggregate.bucket_offsets.push(0);
        }
        for (group, (first, cells)) in self.of_group.into_iter().enumerate().take(groups) {
            for (step, cell) in (first..).zip(cells).filter(|(_, cell)| *cell != NONE) {
                let cell = cell as usize;
                aggregate.cell_groups.push(group as u32);
                aggregate.cell_steps.push(step);
                aggregate.counts.push(self.counts[cell]);
                if let Some((sum, least, greatest)) = self.sums.get(cell) {
                    aggregate.sums.push(*sum);
                    aggregate.mins.push(*least);
                    aggregate.maxs.push(*greatest);
                }
                if with_buckets {
                    for (number, count) in histograms[cell].take().unwrap_or_default().finish() {
                        aggregate.bucket_numbers.push(number);
                        aggregate.bucket_counts.push(count);
                    }
                    aggregate.bucket_offsets.push(aggregate.bucket_numbers.len() as u64);
                }
            }
        }
        aggregate
    }
}

/// Values that were counted before.
#[derive(Clone, Copy, Debug)]
pub struct Many<'a> {
    pub sum: f64,
    pub least: f64,
    pub greatest: f64,
    pub buckets: &'a [(i32, u64)],
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Group, step, value.
    const VALUES: [(u32, u32, f64); 9] = [
        (0, 3, 1.5),
        (1, 0, 2.0),
        (0, 1, -4.0),
        (2, 3, 0.0),
        (0, 3, 8.0),
        (1, 0, 2.0),
        (2, 9, 1e9),
        (0, 0, 7.0),
        (1, 5, 0.25),
    ];

    fn counted(kind: Kind, values: &[(u32, u32, f64)]) -> Cells {
        let mut cells = Cells::new(kind);
        for (group, step, value) in values {
            match kind {
                Kind::Count => cells.count(*group, *step),
                _ => cells.add(*group, *step, *value),
            }
        }
        cells
    }

    #[test]
    fn what_two_passes_counted_is_what_one_counts_of_all() {
        for kind in [Kind::Count, Kind::Sum, Kind::Histogram] {
            for cut in 0..=VALUES.len() {
                // The second pass met the groups in another order.
                let renamed: Vec<_> =
                    VALUES[cut..].iter().map(|(group, step, value)| (2 - group, *step, *value)).collect();
                let mut merged = counted(kind, &VALUES[..cut]);
                merged.merge(counted(kind, &renamed), &[2, 1, 0]);
                let expected = counted(kind, &VALUES).finish(3);
                assert_eq!(format!("{:?}", merged.finish(3)), format!("{expected:?}"), "{kind:?} cut at {cut}");
            }
        }
    }
}
