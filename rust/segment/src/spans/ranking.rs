//! The values that occur most, or least.

use std::cell::RefCell;
use std::cmp::Ordering;

use super::column::{ARRAY, BOOL, DOUBLE, Entry, INT, OTHER, TEXT};
use super::tally::Tally;

/// Of equally many, who comes first: numbers by size, then texts, then what else there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// Numbers of the same size by type: none are equal.
    Apart,
    /// Numbers of the same size are equal, and all that are equal to the last one are told, too.
    Together,
}

/// A value and its counts.
#[derive(Clone, Debug)]
pub struct Ranked {
    pub tag: u8,
    /// Of numbers and booleans.
    pub data: u64,
    /// Of others, as in a column.
    pub text: Vec<u8>,
    pub counts: Vec<u32>,
}

/// A value, borrowed.
#[derive(Clone, Copy)]
struct Seen<'a> {
    tag: u8,
    data: u64,
    text: &'a [u8],
}

impl Seen<'_> {
    fn kind(&self) -> u8 {
        match self.tag {
            BOOL | INT | DOUBLE => 0,
            tag => tag,
        }
    }

    fn number(&self) -> f64 {
        match self.tag {
            DOUBLE => f64::from_bits(self.data),
            _ => self.data as i64 as f64,
        }
    }

    fn order(&self, other: &Seen, ties: Ties) -> Ordering {
        const { assert!(TEXT < ARRAY && ARRAY < OTHER) };
        let numbers = || match ties {
            Ties::Together => self.number().partial_cmp(&other.number()).unwrap_or(Ordering::Equal),
            Ties::Apart => {
                let (own, others) = (self.number(), other.number());
                own.total_cmp(&others).then(self.tag.cmp(&other.tag)).then((self.data as i64).cmp(&(other.data as i64)))
            }
        };
        self.kind()
            .cmp(&other.kind())
            .then_with(|| if self.kind() == 0 { numbers() } else { self.text.cmp(other.text) })
    }
}

impl Ranked {
    fn seen(&self) -> Seen<'_> {
        Seen { tag: self.tag, data: self.data, text: &self.text }
    }

    pub fn entry(&self, texts: &mut crate::write::Interner) -> Entry {
        match self.tag {
            TEXT | ARRAY | OTHER => (self.tag, texts.intern(&self.text).into()),
            tag => (tag, self.data),
        }
    }
}

/// Of the values that occur, as `count` sums up their classes, the `most` that occur most (`largest`) or least, in any
/// order. Of those that occur equally often the first, or of the least the last. And how many values occur.
pub fn ranked(
    tally: &Tally,
    count: &dyn Fn(&[u32]) -> u64,
    most: usize,
    largest: bool,
    ties: Ties,
) -> (Vec<Ranked>, usize) {
    let better = |a: u64, b: u64| if largest { b.cmp(&a) } else { a.cmp(&b) };
    let mut all: Vec<u64> = Vec::new();
    tally.each_count(&mut |counts| all.extend(Some(count(counts)).filter(|count| *count > 0)));
    let occur = all.len();
    let mut limit = None;
    if occur > most {
        let Some(last) = most.checked_sub(1) else { return (Vec::new(), occur) };
        let (before, least, _) = all.select_nth_unstable_by(last, |a, b| better(*a, *b));
        let sure = before.iter().filter(|count| *count != least).count();
        limit = Some((*least, most - sure));
    }
    let (mut found, last) = (Vec::new(), RefCell::new(Vec::<Ranked>::new()));
    let told = |counts: &[u32], beginning: &[u8]| {
        let count = count(counts);
        count > 0
            && limit.is_none_or(|(limit, room)| match better(count, limit) {
                Ordering::Less => true,
                Ordering::Equal => !is_behind(&last.borrow(), room, beginning, largest),
                Ordering::Greater => false,
            })
    };
    tally.each(&told, &mut |tag, data, text, counts| {
        let ranked = || Ranked { tag, data, text: text.into(), counts: counts.into() };
        let Some((_, room)) = limit.filter(|(limit, _)| count(counts) == *limit) else {
            found.push(ranked());
            return;
        };
        let seen = Seen { tag, data, text };
        let order = |a: &Seen, b: &Seen| if largest { a.order(b, ties) } else { b.order(a, ties) };
        let mut last = last.borrow_mut();
        if last.len() >= room && order(&seen, &last[room - 1].seen()).is_gt() {
            return;
        }
        let place = last.partition_point(|each| order(&each.seen(), &seen).is_le());
        last.insert(place, ranked());
        while last.len() > room && order(&last[last.len() - 1].seen(), &last[room - 1].seen()).is_gt() {
            last.pop();
        }
    });
    found.append(&mut last.into_inner());
    (found, occur)
}

/// Whether each text that begins like this comes behind all of `last`, which are enough then: it needn't be made.
fn is_behind(last: &[Ranked], room: usize, beginning: &[u8], largest: bool) -> bool {
    let farthest = room.checked_sub(1).and_then(|at| last.get(at)).filter(|farthest| farthest.tag == TEXT);
    farthest.is_some_and(|Ranked { text, .. }| {
        if largest { beginning > &text[..] } else { beginning < &text[..] && !text.starts_with(beginning) }
    })
}
