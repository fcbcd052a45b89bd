//! `Edit`, `Condition` and `EvaluationError` for Python; see `_core.pyi`.

use otelier_process as process;
use otelier_process::condition::{Errors, Failure};
use otelier_wire as wire;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::Batch;

create_exception!(otelier._core, EvaluationError, PyValueError, "An expression has no value for some item.");

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Edit>()?;
    module.add_class::<Condition>()?;
    module.add("EvaluationError", module.py().get_type::<EvaluationError>())
}

fn same_signal(program: wire::Signal, batch: &Batch) -> PyResult<()> {
    let signal = batch.0.signal();
    let message = || format!("the program is for {}, the batch has {}", program.name(), signal.name());
    if program == signal { Ok(()) } else { Err(PyValueError::new_err(message())) }
}

fn raised(failure: Failure) -> PyErr {
    EvaluationError::new_err((failure.place, failure.fault.into_owned()))
}

/// Place in the program, how often it failed, why the first time.
type Told = Vec<(usize, u64, String)>;

fn told(errors: Vec<Errors>) -> Told {
    let failed = errors.into_iter().enumerate().filter(|(_, errors)| errors.count > 0);
    failed.map(|(place, errors)| (place, errors.count, errors.first)).collect()
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Edit(process::Edit);

#[pymethods]
impl Edit {
    #[new]
    fn new(program: &[u8]) -> PyResult<Edit> {
        process::Edit::new(program).map(Edit).map_err(PyValueError::new_err)
    }

    fn apply(&self, py: Python<'_>, batch: &Batch) -> PyResult<(Batch, Told)> {
        same_signal(self.0.signal(), batch)?;
        let edited = py.detach(|| self.0.apply(&batch.0));
        let edited = edited.map_err(raised)?;
        Ok((Batch(edited.batch), told(edited.errors)))
    }
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Condition(process::Condition);

#[pymethods]
impl Condition {
    #[new]
    fn new(program: &[u8]) -> PyResult<Condition> {
        process::Condition::new(program).map(Condition).map_err(PyValueError::new_err)
    }

    fn mask<'py>(&self, py: Python<'py>, batch: &Batch) -> PyResult<(Bound<'py, PyBytes>, Told)> {
        same_signal(self.0.signal(), batch)?;
        let mask = py.detach(|| self.0.mask(&batch.0));
        let mask = mask.map_err(raised)?;
        Ok((PyBytes::new(py, &mask.bytes), told(mask.errors)))
    }
}
