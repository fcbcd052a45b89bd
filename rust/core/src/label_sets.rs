//! `LabelSets` for Python; see `_core.pyi`.

use std::sync::{Arc, OnceLock};

use otelier_series::pairs::{NONE, Pairs};
use otelier_series::sets::{Sets, wanted};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyIterator, PyList, PyString, PyTuple};

use crate::spans::array;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<LabelSets>()
}

/// Pairs, and what Python has of them: equal ones are one object, as are equal names.
pub struct Shared {
    pairs: Pairs,
    names: Vec<PyOnceLock<Py<PyString>>>,
    tuples: Vec<PyOnceLock<Py<PyTuple>>>,
}

impl Shared {
    pub fn new(pairs: Pairs) -> Arc<Shared> {
        let names = pairs.names().map(|_| PyOnceLock::new()).collect();
        let tuples = (0..pairs.len()).map(|_| PyOnceLock::new()).collect();
        Arc::new(Shared { pairs, names, tuples })
    }

    fn tuple<'py>(&self, py: Python<'py>, pair: u32) -> PyResult<&Bound<'py, PyTuple>> {
        let made = self.tuples[pair as usize].get_or_try_init(py, || {
            let (name, value) = self.pairs.get(pair);
            let known = &self.names[self.pairs.name_of(pair) as usize];
            let name = known.get_or_try_init(py, || text(py, name).map(Bound::unbind))?.bind(py);
            PyResult::Ok(PyTuple::new(py, [name, &text(py, value)?])?.unbind())
        })?;
        Ok(made.bind(py))
    }

    /// A label set, of the numbers of its pairs.
    pub fn set<'py>(&self, py: Python<'py>, set: &[u32]) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, set.iter().map(|pair| self.tuple(py, *pair)).collect::<PyResult<Vec<_>>>()?)
    }
}

/// What is no UTF-8 comes from an expression and is written as Python does it, with lone surrogates.
fn text<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text)),
        Err(_) => Ok(PyBytes::new(py, bytes).call_method1("decode", ("utf-8", "surrogateescape"))?.cast_into()?),
    }
}

fn with_bytes<T>(text: &Bound<'_, PyString>, see: impl FnOnce(&[u8]) -> T) -> PyResult<T> {
    match text.to_str() {
        Ok(text) => Ok(see(text.as_bytes())),
        Err(_) => {
            let bytes = text.call_method1("encode", ("utf-8", "surrogateescape"))?;
            Ok(see(bytes.cast::<PyBytes>()?.as_bytes()))
        }
    }
}

#[pyclass(frozen, sequence, module = "otelier._core")]
pub struct LabelSets {
    shared: Arc<Shared>,
    sets: Sets,
    distinct: OnceLock<bool>,
    tuples: PyOnceLock<Py<PyList>>,
}

impl LabelSets {
    fn of(shared: Arc<Shared>, sets: Sets, distinct: Option<bool>) -> LabelSets {
        let distinct = distinct.map_or_else(OnceLock::new, OnceLock::from);
        LabelSets { shared, sets, distinct, tuples: PyOnceLock::new() }
    }

    /// Several lists over the same pairs; no two of one are equal.
    pub fn several(pairs: Pairs, all: impl IntoIterator<Item = Sets>) -> impl Iterator<Item = LabelSets> {
        let shared = Shared::new(pairs);
        all.into_iter().map(move |sets| LabelSets::of(shared.clone(), sets, Some(true)))
    }

    pub fn parts(&self) -> (&Pairs, &Sets) {
        (&self.shared.pairs, &self.sets)
    }

    fn list<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyList>> {
        let made = self.tuples.get_or_try_init(py, || {
            let sets = self.sets.iter().map(|set| self.shared.set(py, set)).collect::<PyResult<Vec<_>>>()?;
            PyResult::Ok(PyList::new(py, sets)?.unbind())
        })?;
        Ok(made.bind(py))
    }

    fn wanted(&self, names: &[String], excluded: bool) -> Vec<bool> {
        wanted(&self.shared.pairs, names.iter().map(String::as_bytes), excluded)
    }
}

#[pymethods]
impl LabelSets {
    #[new]
    fn new(labels: &Bound<'_, PyAny>) -> PyResult<LabelSets> {
        let (mut pairs, mut sets) = (Pairs::default(), Sets::default());
        let mut set = Vec::new();
        for each in labels.try_iter()? {
            set.clear();
            for pair in each?.cast::<PyTuple>()?.iter_borrowed() {
                let (name, value): (Bound<'_, PyString>, Bound<'_, PyString>) = pair.extract()?;
                let name = with_bytes(&name, |name| pairs.name_number(name))?;
                set.push(with_bytes(&value, |value| pairs.intern(name, value))?);
            }
            sets.push(set.iter().copied());
        }
        Ok(LabelSets::of(Shared::new(pairs), sets, None))
    }

    fn __len__(&self) -> usize {
        self.sets.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, at: isize) -> PyResult<Bound<'py, PyTuple>> {
        let place = if at < 0 { at + self.sets.len() as isize } else { at };
        let place = usize::try_from(place).ok().filter(|place| *place < self.sets.len());
        let place = place.ok_or_else(|| PyIndexError::new_err("there is no such label set"))?;
        if let Some(list) = self.tuples.get(py) {
            return Ok(list.bind(py).get_item(place)?.cast_into()?);
        }
        self.shared.set(py, self.sets.get(place))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.list(py)?.try_iter()
    }

    /// So that they can be compared with lists.
    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<bool> {
        let other = match other.cast::<LabelSets>() {
            Ok(other) => other.get().list(py)?.clone().into_any(),
            Err(_) => other.clone(),
        };
        self.list(py)?.as_any().eq(other)
    }

    fn taken(&self, places: &[u8]) -> PyResult<LabelSets> {
        let places: Vec<i64> = places.as_chunks().0.iter().map(|each| i64::from_le_bytes(*each)).collect();
        let sets = self.sets.taken(places.iter().map(|place| usize::try_from(*place).unwrap_or(usize::MAX)));
        let sets = sets.ok_or_else(|| PyIndexError::new_err("there is no such label set"))?;
        // A part of what is distinct is, too, unless something is taken twice.
        let known = self.distinct.get().copied().filter(|distinct| *distinct && places.is_sorted_by(|a, b| a < b));
        Ok(LabelSets::of(self.shared.clone(), sets, known))
    }

    fn without(&self, py: Python<'_>, names: Vec<String>) -> (LabelSets, bool) {
        py.detach(|| {
            let wanted = self.wanted(&names, true);
            let pairs = &self.shared.pairs;
            // If all lose the same, what was different still is.
            let lost = |set: &[u32]| -> Vec<u32> {
                set.iter().copied().filter(|pair| !wanted[pairs.name_of(*pair) as usize]).collect()
            };
            let mut all = self.sets.iter();
            let first = all.next().map(lost);
            let alike = all.all(|set| {
                let mut own = set.iter().filter(|pair| !wanted[pairs.name_of(**pair) as usize]);
                first.iter().flatten().all(|pair| own.next() == Some(pair)) && own.next().is_none()
            });
            let known = self.distinct.get().copied().filter(|_| alike);
            (LabelSets::of(self.shared.clone(), self.sets.kept(pairs, &wanted), known), alike)
        })
    }

    fn grouped<'py>(
        &self,
        py: Python<'py>,
        names: Vec<String>,
        excluded: bool,
    ) -> PyResult<(LabelSets, Bound<'py, PyBytes>)> {
        let (sets, codes) = py.detach(|| self.sets.grouped(&self.shared.pairs, &self.wanted(&names, excluded)));
        let codes = array(py, &codes, |code| i64::from(code).to_le_bytes())?;
        Ok((LabelSets::of(self.shared.clone(), sets, Some(true)), codes))
    }

    fn are_distinct(&self, py: Python<'_>) -> bool {
        py.detach(|| *self.distinct.get_or_init(|| self.sets.are_distinct()))
    }

    fn order<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let order = py.detach(|| self.sets.order(&self.shared.pairs));
        order.map(|order| array(py, &order, |place| (place as i64).to_le_bytes())).transpose()
    }

    fn values<'py>(&self, py: Python<'py>, name: &str) -> PyResult<(Vec<Bound<'py, PyString>>, Bound<'py, PyBytes>)> {
        let pairs = &self.shared.pairs;
        let (values, codes) = py.detach(|| {
            let own = self.sets.pairs_of(pairs, name.as_bytes());
            // The last place is that of sets without the label.
            let mut places: Vec<Option<i64>> = vec![None; pairs.len() + 1];
            let mut values = Vec::new();
            let mut code = |pair: u32| {
                *places[(pair as usize).min(pairs.len())].get_or_insert_with(|| {
                    values.push(pair);
                    values.len() as i64 - 1
                })
            };
            let codes: Vec<i64> = own.into_iter().map(&mut code).collect();
            (values, codes)
        });
        let value = |pair: &u32| if *pair == NONE { text(py, b"") } else { text(py, pairs.value(*pair)) };
        let texts = values.iter().map(value).collect::<PyResult<_>>()?;
        Ok((texts, array(py, &codes, i64::to_le_bytes)?))
    }

    fn having(&self, name: &str, value: &str) -> Vec<usize> {
        let pairs = &self.shared.pairs;
        let Some(name) = pairs.known_name(name.as_bytes()) else { return Vec::new() };
        let is_wanted = |pair: &u32| pairs.name_of(*pair) == name && pairs.value(*pair) == value.as_bytes();
        let sets = self.sets.iter().enumerate();
        sets.filter(|(_, set)| set.iter().any(is_wanted)).map(|(at, _)| at).collect()
    }

    #[staticmethod]
    fn joined(parts: Vec<PyRef<'_, LabelSets>>) -> PyResult<LabelSets> {
        let Some(first) = parts.first() else {
            return Err(PyValueError::new_err("there is nothing to join"));
        };
        let mut sets = first.sets.clone();
        if parts.iter().all(|part| Arc::ptr_eq(&part.shared, &first.shared)) {
            parts[1..].iter().flat_map(|part| part.sets.iter()).for_each(|set| sets.push(set.iter().copied()));
            return Ok(LabelSets::of(first.shared.clone(), sets, None));
        }
        let mut pairs = Pairs::default();
        let mut sets = Sets::default();
        for part in &parts {
            let own = &part.shared.pairs;
            let mut known = vec![NONE; own.len()];
            for set in part.sets.iter() {
                sets.push(set.iter().map(|pair| {
                    let place = &mut known[*pair as usize];
                    if *place == NONE {
                        let (name, value) = own.get(*pair);
                        let name = pairs.name_number(name);
                        *place = pairs.intern(name, value);
                    }
                    *place
                }));
            }
        }
        Ok(LabelSets::of(Shared::new(pairs), sets, None))
    }
}
