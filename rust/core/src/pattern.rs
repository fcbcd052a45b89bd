//! `Pattern` for Python; see `_core.pyi`.

use otelier_process::pattern::{self, Template};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use regex::Regex;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Pattern>()
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Pattern {
    regex: Regex,
    text: String,
}

// Strings of telemetry are short: letting the GIL go for each would cost more than the search.
#[pymethods]
impl Pattern {
    #[new]
    fn new(text: String) -> PyResult<Self> {
        let regex = pattern::compile(&text)
            .map_err(|error| PyValueError::new_err(format!("{text:?} is no regular expression: {error}")))?;
        Ok(Self { regex, text })
    }

    #[getter]
    fn text(&self) -> &str {
        &self.text
    }

    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.regex.capture_names().map(Option::unwrap_or_default))
    }

    fn search(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    fn captures<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let captures = self.regex.captures(text);
        captures.map(|found| PyTuple::new(py, found.iter().map(|group| group.map(|m| m.as_str())))).transpose()
    }

    fn replace_all(&self, text: &str, template: &str) -> String {
        let template = Template::new(template, &self.regex);
        pattern::replace_all(&self.regex, &template, text).unwrap_or_else(|| text.to_owned())
    }

    fn pieces(&self, text: &str, template: &str) -> Vec<String> {
        let template = Template::new(template, &self.regex);
        pattern::pieces(&self.regex, &template, text).unwrap_or_else(|| vec![text.to_owned()])
    }

    fn __repr__(&self) -> String {
        format!("Pattern({:?})", self.text)
    }
}
