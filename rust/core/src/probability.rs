//! `Sampler` for Python; see `_core.pyi`.

use otelier_process::probability::{self as process, Mode, Options};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::batch::Batch;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Sampler>()
}

/// As in `process::Source`; an attribute's own name stands in the options.
const SOURCES: [&str; 6] =
    ["missing_randomness", "trace_id_hash", "trace_id_w3c", "sampling_randomness", "attribute", "sampling_priority"];

#[pyclass(frozen, module = "otelier._core")]
struct Sampler(process::Sampler);

#[pymethods]
impl Sampler {
    #[new]
    #[pyo3(signature = (
        mode, percentage, *, hash_seed, fail_closed, precision, from_attribute, ignore_trace_id, priority_attribute
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        mode: &str,
        percentage: f32,
        hash_seed: u32,
        fail_closed: bool,
        precision: u32,
        from_attribute: String,
        ignore_trace_id: bool,
        priority_attribute: String,
    ) -> PyResult<Sampler> {
        let mode = match mode {
            "hash_seed" => Mode::HashSeed,
            "proportional" => Mode::Proportional,
            "equalizing" => Mode::Equalizing,
            _ => return Err(PyValueError::new_err(format!("no mode {mode:?}"))),
        };
        if !(1..=14).contains(&precision) {
            return Err(PyValueError::new_err("precision must be from 1 to 14"));
        }
        Ok(Sampler(process::Sampler::new(Options {
            mode,
            percentage,
            hash_seed,
            fail_closed,
            precision,
            from_attribute,
            ignore_trace_id,
            priority_attribute,
        })))
    }

    fn sample(&self, py: Python<'_>, batch: &Batch) -> (Batch, Vec<(&'static str, u64, u64)>) {
        let (left, counts) = py.detach(|| self.0.sample(&batch.0));
        let counts = SOURCES.iter().zip(counts).map(|(source, [dropped, kept])| (*source, kept, dropped)).collect();
        (Batch(left), counts)
    }
}
