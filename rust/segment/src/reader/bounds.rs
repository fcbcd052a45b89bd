//! What the least and greatest value of a page say about it.

use super::look::Judge;
use crate::filter::{Comparison, Condition, Literal, Test};

/// Whether a page whose values lie between these can hold one that meets the condition.
pub fn may_lie_between(test: &Test, judge: Judge, (least, greatest): (i64, i64)) -> bool {
    let Condition::Compare(comparison, literal) = &test.condition else { return true };
    if judge == Judge::Unsigned && least < 0 {
        return true;
    }
    let wanted = match literal {
        Literal::Int(int) => *int,
        // Rounded outwards by one, so that no fraction matters.
        Literal::Double(double) if double.abs() < 1e18 => {
            let whole = double.trunc() as i128;
            return match comparison {
                Comparison::Less | Comparison::LessOrEqual => i128::from(least) <= whole + 1,
                Comparison::Greater | Comparison::GreaterOrEqual => i128::from(greatest) >= whole - 1,
                Comparison::Equal => (i128::from(least)..=i128::from(greatest)).contains(&whole),
                Comparison::NotEqual => true,
            };
        }
        _ => return true,
    };
    let (least, greatest) = (i128::from(least), i128::from(greatest));
    match comparison {
        Comparison::Equal => least <= wanted && wanted <= greatest,
        Comparison::NotEqual => least != wanted || greatest != wanted,
        Comparison::Less => least < wanted,
        Comparison::LessOrEqual => least <= wanted,
        Comparison::Greater => greatest > wanted,
        Comparison::GreaterOrEqual => greatest >= wanted,
    }
}
