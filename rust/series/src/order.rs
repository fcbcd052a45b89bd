//! The order of series in segments: by the metric's name, then by the other labels, so that a metric's series are neighbours.

use std::cmp::Ordering;

use crate::labels::{NAME, pairs, value};

/// Of two canonical label sets.
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let name = |labels| value(labels, NAME).unwrap_or_default();
    let others = |labels| pairs(labels).filter(|(name, _)| *name != NAME);
    name(a).cmp(name(b)).then_with(|| others(a).cmp(others(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::put_sorted;

    #[test]
    fn metrics_come_before_labels_and_few_labels_before_more() {
        let set = |labels: &[(&'static str, &'static str)]| {
            let mut out = Vec::new();
            let mut labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            put_sorted(&mut out, &mut labels).unwrap();
            out
        };
        let sorted = [
            set(&[("__name__", "a"), ("A", "9")]),
            set(&[("__name__", "a"), ("b", "1")]),
            set(&[("__name__", "a"), ("b", "1"), ("c", "1")]),
            set(&[("__name__", "a"), ("b", "10")]),
            set(&[("__name__", "aa")]),
            set(&[("__name__", "b"), ("A", "1")]),
        ];
        assert!(sorted.is_sorted_by(|a, b| compare(a, b) == Ordering::Less));
    }
}
