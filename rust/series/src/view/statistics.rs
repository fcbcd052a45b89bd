//! Who has how many series.

use hashbrown::HashMap;

use super::select::Failed;
use super::{Query, SeriesView};

/// Of series that are active now; each list the largest first.
#[derive(Debug, Default)]
pub struct Statistics {
    pub series: u64,
    /// In the log and in the newest two hours' segments.
    pub samples: u64,
    pub label_pairs: u64,
    pub min_ms: i64,
    pub max_ms: i64,
    pub by_metric: Vec<(String, u64)>,
    pub values_by_label: Vec<(String, u64)>,
    pub bytes_by_label: Vec<(String, u64)>,
    pub by_pair: Vec<(String, u64)>,
}

/// What is older than the newest sample by more is not active.
pub const ACTIVE_MS: i64 = 7_200_000;

impl SeriesView {
    pub fn statistics(&self, tenant: &str, limit: usize) -> Result<Statistics, Failed> {
        let (samples, first, last) = self.extent(tenant);
        let mut out = Statistics { samples, ..Statistics::default() };
        let Some(last) = last else { return Ok(out) };
        let first_ms = last.saturating_sub(ACTIVE_MS);
        (out.min_ms, out.max_ms) = (first.unwrap_or(last).max(first_ms), last);
        let mut by_pair: HashMap<(Vec<u8>, Vec<u8>), u64> = HashMap::new();
        let query = Query { matchers: &[], names: &[], first_ms, last_ms: i64::MAX, only_last: false };
        let mut counts: Vec<u64> = Vec::new();
        let series = &mut out.series;
        let joined = self.joined(tenant, &query)?;
        for number in 0..joined.len() as u32 {
            *series += 1;
            for pair in joined.set(number) {
                if counts.len() <= *pair as usize {
                    counts.resize(*pair as usize + 1, 0);
                }
                counts[*pair as usize] += 1;
            }
        }
        for (pair, count) in counts.into_iter().enumerate() {
            let (name, value) = joined.pairs.get(pair as u32);
            by_pair.insert((name.to_vec(), value.to_vec()), count);
        }
        let (mut metrics, mut values, mut bytes) = (Vec::new(), HashMap::new(), HashMap::new());
        let mut pairs = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for ((name, value), count) in &by_pair {
            if name == crate::labels::NAME {
                metrics.push((text(value), *count));
            }
            *values.entry(text(name)).or_insert(0u64) += 1;
            *bytes.entry(text(name)).or_insert(0u64) += value.len() as u64;
            pairs.push((format!("{}={}", text(name), text(value)), *count));
        }
        out.label_pairs = by_pair.len() as u64;
        out.by_metric = largest(metrics, limit);
        out.values_by_label = largest(values.into_iter().collect(), limit);
        out.bytes_by_label = largest(bytes.into_iter().collect(), limit);
        out.by_pair = largest(pairs, limit);
        Ok(out)
    }
}

fn largest(mut all: Vec<(String, u64)>, limit: usize) -> Vec<(String, u64)> {
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if limit > 0 {
        all.truncate(limit);
    }
    all
}
