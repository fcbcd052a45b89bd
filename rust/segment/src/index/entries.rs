//! What an attribute puts into a filter, and what the filter then says of a condition.

use super::filter::{Filter, KeyHash, text_form};
use crate::filter::value::{Value, any_value, each_element, pair_of};
use crate::filter::{Comparison, Condition, Literal};
use crate::write::{Plain, plain};

/// Calls `put` with the entries of an encoded KeyValue: its key's, and with it that of its value or of each of an array's
/// elements; the key's twice where it has none of these. `room` is overwritten.
#[inline]
pub fn each_entry(attribute: &[u8], room: &mut Vec<u8>, put: &mut impl FnMut(u64, u64)) {
    match plain(attribute) {
        Some((key, value)) => {
            let hash = KeyHash::of(key);
            put(hash.exists(), hash.pair(text_form(value, room)));
        }
        None => each_odd_entry(attribute, room, put),
    }
}

/// Of an attribute that is more than a key and one value.
#[inline(never)]
fn each_odd_entry(attribute: &[u8], room: &mut Vec<u8>, put: &mut impl FnMut(u64, u64)) {
    let (key, any) = pair_of(attribute);
    let hash = KeyHash::of(key);
    put(hash.exists(), hash.exists());
    let mut see = |value: Value| {
        let value = match value {
            Value::Text(text) => Plain::Text(text),
            Value::Int(int) => Plain::Int(int as i64),
            Value::Double(double) => Plain::Double(double.to_bits()),
            Value::Bool(bool) => Plain::Bool(bool),
            Value::Other(_) => return,
        };
        put(hash.exists(), hash.pair(text_form(value, room)));
    };
    match any_value(any) {
        Value::Other(array) => each_element(array, &mut |element| see(any_value(element))),
        value => see(value),
    }
}

impl Filter {
    /// False only if no attribute of this key meets the condition.
    pub fn may_meet(&self, key: &[u8], condition: &Condition) -> bool {
        /// Beyond, an integer and a double can be equal and yet be written differently.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let hash = KeyHash::of(key);
        if !self.may_hold(hash.exists()) {
            return false;
        }
        let pair = |text: &str| self.may_hold(hash.pair(text.as_bytes()));
        // Elements of arrays are in the filter, too.
        match condition.plain() {
            Condition::Compare(Comparison::Equal, literal) => match literal {
                Literal::Text(text) => self.may_hold(hash.pair(text)),
                Literal::Bool(bool) => pair(&bool.to_string()),
                Literal::Int(int) if *int != 0 && (*int as f64).abs() < EXACT => pair(&int.to_string()),
                Literal::Double(double) if *double != 0.0 && double.abs() < EXACT => pair(&double.to_string()),
                _ => true,
            },
            Condition::TextIs(form) if form.is_scalar() => {
                self.may_hold(hash.pair(&form.text)) || form.double.is_some_and(|double| pair(&double.to_string()))
            }
            _ => true,
        }
    }
}
