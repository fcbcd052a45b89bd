//! What was counted in several ways, or by several passes, brought together.

use std::slice::from_ref;

use super::Tally;
use super::beginnings::{key, parts};
use super::slots::{Slots, add};

impl Tally {
    /// Brings together what was counted in several ways. Gives up if that are too many values.
    pub fn settle(&mut self) {
        if self.closed || self.slots.given_up {
            return;
        }
        let numbered: Vec<(u64, u32)> = self.numbered.drain().collect();
        let ints: Vec<(u64, u32)> = self.ints.drain().map(|(int, slot)| (int as u64, slot)).collect();
        let doubles: Vec<(u64, u32)> = self.doubles.drain().collect();
        for (of, slots) in [numbered, ints, doubles].into_iter().enumerate() {
            self.runs[of].settle();
            let Slots { classes, counts, moved, .. } = &mut self.slots;
            *moved += slots.len();
            let mut taken = Vec::with_capacity(slots.len() * *classes);
            for (_, slot) in &slots {
                let own = &mut counts[*slot as usize * *classes..][..*classes];
                taken.extend_from_slice(own);
                own.fill(0);
            }
            let values = slots.iter().map(|(key, _)| *key).zip(taken.chunks_exact(*classes)).collect();
            self.take_in(of, values);
        }
        if self.len() > self.slots.max || self.slots.overflowed {
            self.give_up();
        }
    }

    /// Takes in what another pass has counted, of as many classes. Where it is known which values count, they are the
    /// same.
    pub fn merge(&mut self, mut other: Tally) {
        if self.closed {
            add(&mut self.slots.counts, &other.slots.counts);
        } else {
            self.settle();
            other.settle();
            if self.has_given_up() || other.has_given_up() {
                self.give_up();
                other.give_up();
            }
        }
        self.slots.untold.iter_mut().zip(&other.slots.untold).for_each(|(own, count)| *own += count);
        if self.closed || self.has_given_up() {
            return;
        }
        for (text, slot) in other.texts.strings.iter().zip(&other.of_texts) {
            let own = self.text(text);
            self.slots.add_all(own, other.counts(*slot));
        }
        self.merge_numbered(&other);
        self.take_in(1, other.runs[1].each().collect());
        self.take_in(2, other.runs[2].each().collect());
        for (bool, slot) in [false, true].into_iter().zip(other.bools).filter(|(_, slot)| *slot != super::UNTOLD) {
            let own = self.bool(bool);
            self.slots.add_all(own, other.counts(slot));
        }
        for ((tag, json), slot) in &other.others {
            let own = self.slots.of(&mut self.others, (*tag, json.clone()));
            self.slots.add_all(own, other.counts(*slot));
        }
        self.settle();
    }

    fn merge_numbered(&mut self, other: &Tally) {
        let small = (0..).zip(other.beginnings.iter()).flat_map(|(beginning, _)| {
            let counts = other.small.iter().flat_map(move |small| small.each(beginning as usize));
            counts.map(move |(number, count)| (beginning, number, from_ref(count)))
        });
        let others = other.runs[0].each().map(|(key, counts)| {
            let (beginning, number) = parts(key);
            (beginning, number, counts)
        });
        let own = other.beginnings.iter().map(|each| self.beginnings.number(&each.text, each.digits));
        let own: Vec<Option<u32>> = own.collect();
        let mut values = Vec::new();
        for (beginning, number, counts) in small.chain(others) {
            match own[beginning as usize].and_then(|own| key(own, number)) {
                Some(key) => values.push((key, counts)),
                None => {
                    let mut text = Vec::new();
                    other.beginnings.get(beginning).put(number, &mut text);
                    let slot = self.text(&text);
                    self.slots.add_all(slot, counts);
                }
            }
        }
        self.take_in(0, values);
    }

    /// Numbers of the runs, each once.
    fn take_in(&mut self, of: usize, mut values: Vec<(u64, &[u32])>) {
        if let Some(small) = self.small.as_mut().filter(|_| of == 0) {
            values.retain(|(key, counts)| {
                let (beginning, number) = parts(*key);
                counts[0] == 0 || !small.add(beginning as usize, number, counts[0])
            });
        }
        values.sort_unstable_by_key(|(key, _)| *key);
        self.runs[of].merge_sorted(values.into_iter(), add);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::{ARRAY, Column, TEXT};
    use super::*;
    use crate::filter::value::Value;
    use crate::numbered::{Beginning, Numbered};

    const CLASSES: [usize; 2] = [1, 3];

    /// Pseudo-random numbers below a bound.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % bound
        }
    }

    /// The columns of a file: the same beginnings stand elsewhere in each.
    fn numbered(turn: usize) -> Arc<Numbered> {
        let mut beginnings: Vec<Beginning> =
            [("/a/", 0), ("b-", 8), ("", 0)].map(|(text, digits)| Beginning { text: text.into(), digits }).into();
        beginnings.rotate_left(turn);
        Arc::new(Numbered::new(beginnings))
    }

    /// Counts a value that is drawn, by whatever way it may come.
    fn count(tally: &mut Tally, chance: &mut Chance, file: &Arc<Numbered>, classes: usize) {
        let class = chance.below(classes as u64) as u32;
        let wide = [40, 3_000, 1 << 30][chance.below(3) as usize];
        let number = chance.below(wide);
        let text = [format!("/a/{number}"), format!("b-{number:08x}"), format!("w{}", number % 9)];
        let text = text[chance.below(3) as usize].as_bytes();
        let mut column = Column::default();
        column.extend(1);
        match chance.below(8) {
            0 => tally.add_int(number as i64 - 20, class),
            1 => tally.add_double((number as f64 / 8.0).to_bits(), class),
            2 => {
                let beginnings = tally.beginnings(file);
                match file.number(text) {
                    Some(integer) => assert!(tally.add_numbered(file, &beginnings, integer, class)),
                    None => tally.add(super::super::UNTOLD, class),
                }
            }
            3 => {
                column.texts.intern(br#"["x",null,7]"#);
                let slot = tally.slot_of((ARRAY, 0), &column);
                tally.add(slot, class);
            }
            4 => {
                column.texts.intern(text);
                let slot = tally.slot_of((TEXT, 0), &column);
                tally.add_many(slot, class, 2);
            }
            kind => {
                let double = Value::Double(number as f64);
                let values = [Value::Bool(number.is_multiple_of(2)), Value::Int(number.into()), double];
                let slot = tally.slot(values[kind as usize - 5]);
                tally.add(slot, class);
            }
        }
    }

    type Told = (BTreeMap<(u8, u64, Vec<u8>), Vec<u32>>, Vec<u64>);

    fn told(tally: &mut Tally) -> Told {
        tally.settle();
        let mut told = BTreeMap::new();
        tally.each(&|counts, _| counts.iter().any(|count| *count > 0), &mut |tag, data, text, counts| {
            assert!(told.insert((tag, data, text.to_vec()), counts.to_vec()).is_none(), "told twice");
        });
        (told, tally.totals())
    }

    fn compare(new: &dyn Fn() -> Tally, classes: usize, values: usize) -> Told {
        let mut told_of_all = Told::default();
        for cut in [0, 1, values / 3, values] {
            let (mut all, mut first, mut second) = (new(), new(), new());
            let (mut chance, mut again) = (Chance(values as u64), Chance(values as u64));
            let files = [0, 1, 2].map(numbered);
            for at in 0..values {
                let half = if at < cut { &mut first } else { &mut second };
                // Which column it is depends on the pass.
                count(&mut all, &mut chance, &files[at % 2], classes);
                count(half, &mut again, &files[if at < cut { at % 2 } else { 2 - at % 2 }], classes);
            }
            first.merge(second);
            told_of_all = told(&mut all);
            assert_eq!(told(&mut first), told_of_all, "cut at {cut} of {values}");
            assert_eq!(first.has_given_up(), all.has_given_up());
        }
        told_of_all
    }

    #[test]
    fn what_two_passes_counted_is_what_one_counts_of_all() {
        for values in [0, 1, 50, 60_000] {
            let alone = compare(&Tally::alone, 1, values);
            for classes in CLASSES {
                let told = compare(&|| Tally::new(classes, usize::MAX), classes, values);
                assert!(classes > 1 || told == alone);
                compare(&|| Tally::new(classes, 1_000), classes, values);
            }
        }
    }

    #[test]
    fn of_known_values_alone_counts_are_brought_together() {
        let mut column = Column::default();
        column.extend(3);
        for (row, text) in ["/a/7", "w3", "w5"].iter().enumerate() {
            let text = column.texts.intern(text.as_bytes());
            column.set(row, (TEXT, text.into()));
        }
        let (_, totals) = compare(&|| Tally::of(2, &column), 2, 3_000);
        assert_eq!(totals.len(), 2);
    }
}
