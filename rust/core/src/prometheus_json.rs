//! Prometheus' JSON of vectors and matrices for Python; see `_core.pyi`.

use otelier_series::sets::Sets;
use otelier_wire::prometheus_json::{Bucket, Histogram, Labels, Table, write_label};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::label_sets::LabelSets;
use crate::server::Body;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(matrix_json, module)?)?;
    module.add_function(wrap_pyfunction!(vector_json, module)?)
}

/// Row, column, count, sum, and rule, lower and upper bound and count of each bucket.
type Cell = (usize, usize, f64, f64, Vec<(u8, f64, f64, f64)>);
/// What stands before and behind the elements.
type Around = (Vec<u8>, Vec<u8>);

#[pyfunction]
fn matrix_json(
    py: Python<'_>,
    labels: &LabelSets,
    times_ms: &[u8],
    values: &[u8],
    present: Option<&[u8]>,
    histograms: Vec<Cell>,
    around: Around,
) -> PyResult<Body> {
    let times: Vec<i64> = times_ms.as_chunks().0.iter().map(|each| i64::from_le_bytes(*each)).collect();
    written(py, labels, &times, values, present, histograms, around, |table, labels, out| {
        table.write_matrix(labels, out);
    })
}

#[pyfunction]
fn vector_json(
    py: Python<'_>,
    labels: &LabelSets,
    time_ms: i64,
    values: &[u8],
    histograms: Vec<Cell>,
    around: Around,
) -> PyResult<Body> {
    written(py, labels, &[time_ms], values, None, histograms, around, |table, labels, out| {
        table.write_vector(labels, out);
    })
}

#[expect(clippy::too_many_arguments, reason = "an answer's parts")]
fn written(
    py: Python<'_>,
    labels: &LabelSets,
    times_ms: &[i64],
    values: &[u8],
    present: Option<&[u8]>,
    histograms: Vec<Cell>,
    (before, behind): Around,
    write: fn(&Table<'_>, &mut Fragments<'_>, &mut Vec<u8>),
) -> PyResult<Body> {
    let out = py.detach(|| {
        let histograms: Vec<_> = histograms.into_iter().map(histogram).collect();
        let table = Table { times_ms, values, present, histograms: &histograms };
        let mut labels = Fragments::new(labels);
        table.is_whole(labels.count()).then(|| {
            let mut out = before;
            write(&table, &mut labels, &mut out);
            out.extend_from_slice(&behind);
            out
        })
    });
    let out = out.ok_or_else(|| PyValueError::new_err("labels, times and values are not of the same shape"))?;
    Ok(Body::from(out))
}

fn histogram((row, column, count, sum, buckets): Cell) -> (usize, usize, Histogram) {
    let buckets = buckets.into_iter().map(|(rule, lower, upper, count)| Bucket { rule, lower, upper, count });
    (row, column, Histogram { count, sum, buckets: buckets.collect() })
}

/// Labels as they are written, each pair once; what is no UTF-8 becomes U+FFFD.
struct Fragments<'a> {
    labels: &'a LabelSets,
    sets: &'a Sets,
    text: Vec<u8>,
    /// By pair, where its text lies; nothing: not written yet.
    places: Vec<(u32, u32)>,
}

impl<'a> Fragments<'a> {
    fn new(labels: &'a LabelSets) -> Fragments<'a> {
        let (pairs, sets) = labels.parts();
        Fragments { labels, sets, text: Vec::new(), places: vec![(0, 0); pairs.len()] }
    }

    fn write_pair(&mut self, pair: u32) -> (u32, u32) {
        let start = self.text.len() as u32;
        let (name, value) = self.labels.parts().0.get(pair);
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        write_label(name.as_bytes(), value.as_bytes(), &mut self.text);
        self.text.push(b',');
        let place = (start, self.text.len() as u32);
        self.places[pair as usize] = place;
        place
    }
}

impl Labels for Fragments<'_> {
    fn count(&self) -> usize {
        self.sets.len()
    }

    fn write(&mut self, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        let set = self.sets.get(row);
        for pair in set {
            let known = self.places[*pair as usize];
            let (from, to) = if known == (0, 0) { self.write_pair(*pair) } else { known };
            out.extend_from_slice(&self.text[from as usize..to as usize]);
        }
        if !set.is_empty() {
            // In place of the last comma.
            out.pop();
        }
        out.push(b'}');
    }
}
