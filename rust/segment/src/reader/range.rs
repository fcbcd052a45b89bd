//! Comparisons of integers as ranges, so that a page of them is tested without a look at what the test is.

use super::look::Judge;
use crate::filter::{Comparison, Condition, Literal, Test};
use crate::rows::Rows;

/// The integers that a test admits: those from one to another, or all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its bits: differences from it say the same of signed and unsigned numbers.
    least: u64,
    width: u64,
    inside: bool,
}

impl Range {
    const ALL: Range = Range { least: 0, width: u64::MAX, inside: true };
    const NONE: Range = Range { inside: false, ..Range::ALL };

    /// `None` if the test asks for something else.
    pub fn of(test: &Test, judge: Judge) -> Option<Range> {
        let domain = match judge {
            Judge::Int | Judge::Attribute => (i64::MIN.into(), i64::MAX.into()),
            Judge::Unsigned => (0, u64::MAX.into()),
            _ => return None,
        };
        let Condition::Compare(comparison, literal) = test.condition.plain() else { return None };
        // Casting saturates far beyond every integer of ours.
        let (below, above) = match literal {
            Literal::Int(int) => (*int, *int),
            Literal::Double(double) if double.is_nan() => {
                return Some(if *comparison == Comparison::NotEqual { Range::ALL } else { Range::NONE });
            }
            Literal::Double(double) => (double.floor() as i128, double.ceil() as i128),
            _ => return None,
        };
        let (least, greatest) = match comparison {
            Comparison::Equal | Comparison::NotEqual => (above, below),
            Comparison::Less => (domain.0, above.saturating_sub(1)),
            Comparison::LessOrEqual => (domain.0, below),
            Comparison::Greater => (below.saturating_add(1), domain.1),
            Comparison::GreaterOrEqual => (above, domain.1),
        };
        let (least, greatest) = (least.max(domain.0), greatest.min(domain.1));
        let equal = if least > greatest {
            Range::NONE
        } else {
            Range { least: least as u64, width: (greatest - least) as u64, inside: true }
        };
        Some(if *comparison == Comparison::NotEqual { Range { inside: !equal.inside, ..equal } } else { equal })
    }

    #[inline]
    pub fn holds(&self, integer: i64) -> bool {
        ((integer as u64).wrapping_sub(self.least) <= self.width) == self.inside
    }

    /// What is said of integers of which only the least and the greatest are known, in signed order: whether some may be
    /// admitted, and whether all are.
    pub fn of_bounds(&self, (least, greatest): (i64, i64)) -> (bool, bool) {
        // Both are pieces of the circle of all numbers of 64 bits.
        let (from, length) = ((least as u64).wrapping_sub(self.least), (greatest as u64).wrapping_sub(least as u64));
        let within = from.checked_add(length).is_some_and(|to| to <= self.width);
        let touches = from <= self.width || self.least.wrapping_sub(least as u64) <= length;
        if self.inside { (touches, within) } else { (!within, !touches) }
    }

    /// Inserts the places of integers that are admitted, counted from `first` on.
    pub fn insert_meant(&self, integers: &[i64], first: usize, rows: &mut Rows) {
        for (at, some) in integers.chunks(64).enumerate() {
            let bits =
                some.iter().zip(0..).fold(0, |bits, (integer, bit)| bits | u64::from(self.holds(*integer)) << bit);
            rows.insert_bits(first + 64 * at, bits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::value::Value;
    use crate::filter::{Field, Intrinsic};

    const COMPARISONS: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];

    #[test]
    fn a_range_admits_what_the_test_does() {
        let ints = [i128::MIN, i64::MIN.into(), -3, -1, 0, 1, 2, 1 << 53, i64::MAX.into(), u64::MAX.into(), i128::MAX];
        let doubles = [-1e300, -2.5, -1.0, -0.0, 0.5, 1.0, 2.0, 9e15, 1e19, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        let literals = ints.map(Literal::Int).into_iter().chain(doubles.map(Literal::Double));
        let values = [i64::MIN, i64::MIN + 1, -4, -3, -2, -1, 0, 1, 2, 3, 1 << 53, i64::MAX - 1, i64::MAX];
        for literal in literals {
            for comparison in COMPARISONS {
                let condition = Condition::Compare(comparison, literal.clone());
                let test = Test::new(Field::Intrinsic(Intrinsic::DurationNs), condition);
                for judge in [Judge::Int, Judge::Unsigned, Judge::Attribute] {
                    let range = Range::of(&test, judge).unwrap();
                    let mut rows = Rows::none(100);
                    range.insert_meant(&values, 60, &mut rows);
                    for (from, least) in values.into_iter().enumerate() {
                        for (to, greatest) in values.into_iter().enumerate().skip(from) {
                            let (some, all) = range.of_bounds((least, greatest));
                            let admitted = values[from..=to].iter().filter(|value| range.holds(**value)).count();
                            assert!(
                                some || admitted == 0,
                                "{least} to {greatest} {comparison:?} {literal:?} {judge:?}"
                            );
                            assert!(!all || admitted == to + 1 - from, "{least} to {greatest} {literal:?} {judge:?}");
                            assert!(from < to || (some, all) == (admitted == 1, admitted == 1));
                        }
                    }
                    for (place, value) in values.into_iter().enumerate() {
                        let expected = judge.holds(&test, Value::Int(value.into()));
                        assert_eq!(range.holds(value), expected, "{value} {comparison:?} {literal:?} {judge:?}");
                        assert_eq!(rows.contains(60 + place), expected);
                    }
                }
            }
        }
    }
}
