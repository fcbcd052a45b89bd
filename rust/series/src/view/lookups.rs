//! Questions about series that need none of their samples.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};
use memchr::memmem;
use otelier_segment::error::ReadError;

use super::logged::Wanted;
use super::select::Failed;
use super::{Answer, Query, Selectors, SeriesView};
use crate::hot::Family;
use crate::labels;
use crate::pairs::Pairs;
use crate::read::{Segment, TableFile};
use crate::segment::tables::{FAMILY, HELP, LABELS, SERIES, TIME_MS, TYPE, UNIT, VALUE};
use crate::segment::{Exemplar, Table};

/// Label sets, each once, sorted.
#[derive(Debug, Default)]
pub struct SeriesFound {
    pub pairs: Pairs,
    pub sets: Vec<Vec<u32>>,
}

/// Of a series, oldest first.
#[derive(Debug)]
pub struct SeriesExemplars {
    pub labels: Vec<u32>,
    pub exemplars: Vec<Exemplar>,
}

/// As remote write numbers the types of metrics.
pub const TYPES: [&str; 8] =
    ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"];

/// Labels with their names and values, as they are sorted.
type Texts = Vec<(Vec<u8>, Vec<u8>)>;

impl SeriesView {
    /// Series of which there are samples in the time, at most `limit` of them; 0: all.
    pub fn series(
        &self,
        tenant: &str,
        selectors: &Selectors,
        window: (i64, i64),
        names: &[Vec<u8>],
        limit: usize,
    ) -> Result<SeriesFound, Failed> {
        let mut all: BTreeSet<Texts> = BTreeSet::new();
        for matchers in some(selectors) {
            let query = Query { matchers, names, first_ms: window.0, last_ms: window.1, only_last: false };
            self.each_series(tenant, &query, |pairs, set| {
                let text = |pair: &u32| {
                    let (name, value) = pairs.get(*pair);
                    (name.to_vec(), value.to_vec())
                };
                all.insert(set.iter().map(text).collect());
            })?;
        }
        let mut found = SeriesFound::default();
        for texts in all.into_iter().take(if limit == 0 { usize::MAX } else { limit }) {
            let pair = |(name, value): (Vec<u8>, Vec<u8>)| {
                let name = found.pairs.name_number(&name);
                found.pairs.intern(name, &value)
            };
            found.sets.push(texts.into_iter().map(pair).collect());
        }
        Ok(found)
    }

    /// Names of labels, and of soft attributes if they are wanted, sorted.
    pub fn label_names(
        &self,
        tenant: &str,
        selectors: &Selectors,
        window: (i64, i64),
        soft: bool,
    ) -> Result<Vec<Vec<u8>>, Failed> {
        let mut names: BTreeSet<Vec<u8>> = BTreeSet::new();
        let keys = if soft { self.soft_keys(tenant, window)? } else { BTreeSet::new() };
        if selectors.is_empty() {
            names = self.all_names(tenant, window)?;
            names.extend(keys);
            return Ok(names.into_iter().collect());
        }
        let keys: Vec<Vec<u8>> = keys.into_iter().collect();
        for matchers in selectors {
            let query = Query { matchers, names: &keys, first_ms: window.0, last_ms: window.1, only_last: false };
            self.each_series(tenant, &query, |pairs, set| {
                for pair in set {
                    let name = pairs.get(*pair).0;
                    if !names.contains(name) {
                        names.insert(name.to_vec());
                    }
                }
            })?;
        }
        Ok(names.into_iter().collect())
    }

    /// Distinct values of a label, or of a soft attribute, sorted; at most `limit`, 0: all.
    pub fn label_values(
        &self,
        tenant: &str,
        name: &[u8],
        selectors: &Selectors,
        window: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, Failed> {
        let mut values = if selectors.is_empty() { self.all_values(tenant, name, window)? } else { BTreeSet::new() };
        let names = [name.to_vec()];
        for matchers in selectors {
            let query = Query { matchers, names: &names, first_ms: window.0, last_ms: window.1, only_last: false };
            let mut seen = HashSet::new();
            self.each_series(tenant, &query, |pairs, set| {
                if let Some(pair) = pairs.known_name(name).and_then(|name| pairs.find(set, name))
                    && seen.insert(pair)
                {
                    values.insert(pairs.value(pair).to_vec());
                }
            })?;
        }
        Ok(values.into_iter().take(if limit == 0 { usize::MAX } else { limit }).collect())
    }

    /// Exemplars of the series that fit one of the selectors, by series; at most `limit` exemplars, 0: all. `naming`: only
    /// those with a label in whose value the text is.
    pub fn exemplars(
        &self,
        tenant: &str,
        selectors: &Selectors,
        window: (i64, i64),
        limit: usize,
        naming: &str,
    ) -> Result<(Pairs, Vec<SeriesExemplars>), Failed> {
        let text = memmem::Finder::new(naming);
        let names = |exemplar: &Exemplar| {
            naming.is_empty() || labels::pairs(&exemplar.labels).any(|(_, value)| text.find(value).is_some())
        };
        let mut found = Pairs::default();
        let mut all: BTreeMap<Texts, Vec<Exemplar>> = BTreeMap::new();
        for matchers in some(selectors) {
            // A series may have samples at other times than its exemplars.
            let query = Query { matchers, names: &[], first_ms: window.0, last_ms: window.1, only_last: false };
            self.answer(|listed| {
                let Answer { joined, segments, logged, waits } =
                    self.find(tenant, &query, Wanted::Exemplars, listed)?;
                let mut own: HashMap<u32, Vec<Exemplar>> = HashMap::new();
                for (segment, found) in &segments {
                    let series: HashMap<u32, u32> = found.iter().map(|found| (found.row, found.series)).collect();
                    read_exemplars(segment, |row, exemplar| {
                        if let Some(series) = series.get(&row)
                            && (window.0..=window.1).contains(&exemplar.ms)
                            && names(&exemplar)
                        {
                            own.entry(*series).or_default().push(exemplar);
                        }
                    })?;
                }
                for extract in &logged {
                    for (found, exemplars) in extract.found.iter().zip(&extract.exemplars) {
                        let named = exemplars.iter().filter(|each| names(each)).cloned();
                        own.entry(found.series).or_default().extend(named);
                    }
                }
                own.retain(|series, exemplars| !exemplars.is_empty() && (!waits || joined.holds(*series, matchers)));
                Ok(own.into_iter().map(|(series, own)| (texts(&joined.pairs, joined.set(series)), own)).collect())
            })
            .map(|own: Vec<(Texts, Vec<Exemplar>)>| {
                own.into_iter().for_each(|(series, own)| all.entry(series).or_default().extend(own));
            })?;
        }
        let mut left = if limit == 0 { usize::MAX } else { limit };
        let mut out = Vec::new();
        for (series, mut exemplars) in all {
            exemplars.sort_by(|a, b| (a.ms, a.bits, &a.labels).cmp(&(b.ms, b.bits, &b.labels)));
            exemplars.dedup();
            exemplars.truncate(left);
            left -= exemplars.len();
            if exemplars.is_empty() {
                break;
            }
            let pair = |(name, value): (Vec<u8>, Vec<u8>)| {
                let name = found.name_number(&name);
                found.intern(name, &value)
            };
            out.push(SeriesExemplars { labels: series.into_iter().map(pair).collect(), exemplars });
        }
        Ok((found, out))
    }

    /// What families of metrics are, by name; the newest that was said. One of them, or all if `family` is empty.
    pub fn metadata(&self, tenant: &str, family: &str, limit: usize) -> Result<Vec<(Vec<u8>, Family)>, Failed> {
        let all = self.answer(|listed| {
            let mut all = BTreeMap::new();
            for segment in self.of(tenant, (i64::MIN, i64::MAX), listed)? {
                read_metadata(&segment, &mut all)?;
            }
            self.each_store(tenant, listed, |store| all.extend(store.families.clone()))?;
            Ok(all)
        })?;
        let named = all.into_iter().filter(|(name, _)| family.is_empty() || name == family.as_bytes());
        Ok(named.take(if limit == 0 { usize::MAX } else { limit }).collect())
    }

    /// Calls `see` with the labels of each series that fits.
    pub(super) fn each_series(
        &self,
        tenant: &str,
        query: &Query,
        mut see: impl FnMut(&Pairs, &[u32]),
    ) -> Result<(), Failed> {
        let (joined, waits) = self.answer(|listed| {
            let answer = self.find(tenant, query, Wanted::Labels, listed)?;
            Ok((answer.joined, answer.waits))
        })?;
        for series in 0..joined.len() as u32 {
            if !waits || joined.holds(series, query.matchers) {
                see(&joined.pairs, &joined.labels(series));
            }
        }
        Ok(())
    }

    fn soft_keys(&self, tenant: &str, window: (i64, i64)) -> Result<BTreeSet<Vec<u8>>, Failed> {
        self.answer(|listed| {
            let mut keys = BTreeSet::new();
            for segment in self.of(tenant, window, listed)? {
                keys.extend(segment.summary.soft.iter().map(|key| key.clone().into_bytes()));
            }
            self.each_store(tenant, listed, |store| {
                keys.extend(store.soft_keys().map(<[u8]>::to_vec));
            })?;
            Ok(keys)
        })
    }
}

/// No selectors mean all series.
fn some(selectors: &Selectors) -> Vec<&[crate::matcher::Matcher]> {
    if selectors.is_empty() { vec![&[]] } else { selectors.iter().map(Vec::as_slice).collect() }
}

fn texts(pairs: &Pairs, set: &[u32]) -> Texts {
    set.iter().map(|pair| pairs.get(*pair)).map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

/// Calls `see` with each exemplar of a segment and its series' row.
pub fn read_exemplars(segment: &Segment, mut see: impl FnMut(u32, Exemplar)) -> Result<(), ReadError> {
    let Some(file) = segment.table(Table::Exemplars)? else { return Ok(()) };
    for (group, rows) in file.groups().enumerate() {
        let series = file.ints(group, file.needed(SERIES)?, 0..rows)?;
        let ms = file.ints(group, file.needed(TIME_MS)?, 0..rows)?;
        let bits = file.doubles(group, file.needed(VALUE)?)?;
        let mut at = 0;
        file.texts(group, file.needed(LABELS)?, 0..rows, |texts, place| {
            if let (Some(series), Some(ms), Some(bits)) = (series.get(at), ms.get(at), bits.get(at)) {
                let labels = bytes::Bytes::copy_from_slice(texts.get(place));
                see(*series as u32, Exemplar { ms: *ms, bits: *bits, labels });
            }
            at += 1;
        })?;
    }
    Ok(())
}

pub fn read_metadata(segment: &Segment, all: &mut BTreeMap<Vec<u8>, Family>) -> Result<(), ReadError> {
    let Some(file) = segment.table(Table::Metadata)? else { return Ok(()) };
    for (group, rows) in file.groups().enumerate() {
        let column = |name: &str| -> Result<Vec<Vec<u8>>, ReadError> { column(&file, group, rows, name) };
        let (names, types) = (column(FAMILY)?, column(TYPE)?);
        let (help, units) = (column(HELP)?, column(UNIT)?);
        for (((name, of), help), unit) in names.into_iter().zip(types).zip(help).zip(units) {
            let kind = TYPES.iter().position(|each| each.as_bytes() == of).unwrap_or(0) as u8;
            all.insert(name, Family { kind, help, unit });
        }
    }
    Ok(())
}

fn column(file: &TableFile, group: usize, rows: usize, name: &str) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut out = Vec::with_capacity(rows);
    file.texts(group, file.needed(name)?, 0..rows, |texts, at| out.push(texts.get(at).to_vec()))?;
    Ok(out)
}
