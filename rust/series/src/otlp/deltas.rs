//! What deltas have added up to, series by series. It counts once the caller says that it is stored, so that a batch that is
//! sent again after a failure is not added twice. After a restart, or when a series was idle for long, it begins at zero: to
//! PromQL a reset like any other.

use hashbrown::HashMap;
use otelier_process::remote_write::Histogram;
use serde::Deserialize;

/// How much is remembered.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default)]
pub struct Limits {
    #[serde(rename = "delta_max_series")]
    pub max_series: usize,
    /// A series of which nothing has come for so long is forgotten.
    #[serde(rename = "delta_idle_ms")]
    pub idle_ms: i64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_series: 1_000_000, idle_ms: 3_600_000 }
    }
}

pub struct Deltas {
    limits: Limits,
    sums: HashMap<Vec<u8>, Sum>,
    /// What they are with the batch that is not stored yet.
    pending: HashMap<Vec<u8>, Sum>,
    /// When it was last looked for idle ones.
    swept_ms: i64,
}

#[derive(Clone)]
struct Sum {
    /// Of the newest point.
    at_ms: i64,
    arrived_ms: i64,
    number: f64,
    histogram: Option<Box<Histogram>>,
}

impl Deltas {
    pub fn new(limits: Limits) -> Deltas {
        Deltas { limits, sums: HashMap::new(), pending: HashMap::new(), swept_ms: i64::MIN }
    }

    /// The sum so far, and its time. A late one counts, too, but at the time of the newest: sums only grow. None if too
    /// many series are remembered.
    pub fn number(&mut self, labels: &[u8], delta: f64, at_ms: i64, now_ms: i64) -> Option<(f64, i64)> {
        let sum = self.sum(labels, at_ms, now_ms)?;
        sum.number += delta;
        Some((sum.number, sum.at_ms))
    }

    /// The same of a native histogram; with other bounds than before it begins anew.
    pub fn histogram(
        &mut self,
        labels: &[u8],
        delta: &Histogram,
        at_ms: i64,
        now_ms: i64,
    ) -> Option<(&Histogram, i64)> {
        let sum = self.sum(labels, at_ms, now_ms)?;
        let at_ms = sum.at_ms;
        if !sum.histogram.as_mut().is_some_and(|known| known.add(delta)) {
            sum.histogram = Some(Box::new(delta.clone()));
        }
        Some((sum.histogram.as_deref()?, at_ms))
    }

    /// A batch that arrived at `now_ms` follows. What is pending is given up; so are idle series, from time to time.
    pub fn begin(&mut self, now_ms: i64) {
        self.pending.clear();
        if now_ms.saturating_sub(self.swept_ms) >= self.limits.idle_ms / 4 {
            self.swept_ms = now_ms;
            let idle_ms = self.limits.idle_ms;
            self.sums.retain(|_, sum| now_ms.saturating_sub(sum.arrived_ms) < idle_ms);
        }
    }

    /// Whether something is pending.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// What is pending is stored.
    pub fn keep(&mut self) {
        self.sums.extend(self.pending.drain());
    }

    fn sum(&mut self, labels: &[u8], at_ms: i64, now_ms: i64) -> Option<&mut Sum> {
        if !self.pending.contains_key(labels) {
            let before = self.sums.get(labels).cloned();
            if before.is_none() && self.sums.len() + self.pending.len() >= self.limits.max_series {
                return None;
            }
            let zero = Sum { at_ms, arrived_ms: now_ms, number: 0.0, histogram: None };
            self.pending.insert(labels.to_vec(), before.unwrap_or(zero));
        }
        let sum = self.pending.get_mut(labels)?;
        sum.at_ms = sum.at_ms.max(at_ms);
        sum.arrived_ms = now_ms;
        Some(sum)
    }
}
