//! `Edit`, `Condition` and `EvaluationError` for Python; see `_core.pyi`.

use otelier_process as process;
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

#[pyclass(frozen, module = "otelier._core")]
pub struct Edit(process::Edit);

#[pymethods]
impl Edit {
    #[new]
    fn new(program: &[u8]) -> PyResult<Edit> {
        process::Edit::new(program).map(Edit).map_err(PyValueError::new_err)
    }

    fn apply(&self, py: Python<'_>, batch: &Batch) -> PyResult<(Batch, Vec<(usize, u64, String)>)> {
        same_signal(self.0.signal(), batch)?;
        let edited = py.detach(|| self.0.apply(&batch.0));
        let edited = edited.map_err(|failure| EvaluationError::new_err((failure.step, failure.fault.into_owned())))?;
        let errors = edited.errors.into_iter().enumerate().filter(|(_, errors)| errors.count > 0);
        Ok((Batch(edited.batch), errors.map(|(step, errors)| (step, errors.count, errors.first)).collect()))
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

    fn mask<'py>(&self, py: Python<'py>, batch: &Batch) -> PyResult<(Bound<'py, PyBytes>, u64, String)> {
        same_signal(self.0.signal(), batch)?;
        let mask = py.detach(|| self.0.mask(&batch.0));
        let mask = mask.map_err(|fault| EvaluationError::new_err((0, fault.into_owned())))?;
        Ok((PyBytes::new(py, &mask.bytes), mask.errors, mask.first_error))
    }
}
