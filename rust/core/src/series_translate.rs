//! `Translator` and `SamplesToOtlp` for Python; see `_core.pyi`.

use otelier_series::otlp::{self, Error};
use otelier_series::remote_write::to_otlp;
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::Batch;
use crate::remote_write::{Known, Refused, told};
use crate::series_write::{Samples, too_large};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SamplesToOtlp>()?;
    module.add_class::<Translator>()
}

#[pyclass(frozen, module = "otelier._core")]
struct Translator(Mutex<(otlp::Translator, Known)>);

#[pymethods]
impl Translator {
    #[new]
    fn new(options: &[u8], metric_name: Py<PyAny>, label_name: Py<PyAny>) -> PyResult<Translator> {
        let bad = |error: serde_json::Error| PyValueError::new_err(error.to_string());
        let translator = otlp::Translator::new(
            serde_json::from_slice(options).map_err(bad)?,
            serde_json::from_slice(options).map_err(bad)?,
        );
        Ok(Translator(Mutex::new((translator, Known::new(metric_name, label_name)))))
    }

    fn translate(&self, py: Python<'_>, batch: &Batch, now_ms: i64) -> PyResult<(Samples, Vec<Refused>, bool)> {
        let translated = py.detach(|| {
            let (translator, names) = &mut *self.0.lock();
            let translated = translator.translate(&batch.0, now_ms, names);
            (translated, translator.is_pending())
        });
        match translated {
            (Ok((samples, refused)), pending) => {
                Ok((Samples(samples), refused.into_iter().map(told).collect(), pending))
            }
            (Err(Error::Names(error)), _) => Err(error),
            (Err(Error::TooLarge), _) => Err(too_large(otelier_series::samples::TooLarge)),
        }
    }

    fn keep(&self) {
        self.0.lock().0.keep();
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct SamplesToOtlp(Mutex<to_otlp::Translator>);

#[pymethods]
impl SamplesToOtlp {
    #[new]
    fn new() -> SamplesToOtlp {
        SamplesToOtlp(Mutex::default())
    }

    fn translate<'py>(&self, py: Python<'py>, samples: &Samples) -> (Bound<'py, PyBytes>, usize) {
        let done = py.detach(|| self.0.lock().translate(&samples.0));
        (PyBytes::new(py, &done.request), done.gauge_histograms)
    }
}
