//! `ScrapeCache`, `Scraped` and `Fetches` for Python; see `_core.pyi`.

use std::sync::Arc;
use std::time::Duration;

use otelier_series::exposition::cache::STALE;
use otelier_series::exposition::otlp;
use otelier_series::exposition::stored;
use otelier_series::exposition::{Cache, Finish, Format, Outcome, Wanted};
use otelier_series::labels::put_sorted;
use otelier_series::samples::{Roster, Samples};
use otelier_transport::client::fetch;
use otelier_transport::client::http::NoAnswer;
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::client::HttpClient;

type Labels = Vec<(String, String)>;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ScrapeCache>()?;
    module.add_class::<Scraped>()?;
    module.add_class::<Fetched>()?;
    module.add_class::<Fetches>()
}

fn canonical(labels: &Labels) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    let mut pairs: Vec<_> = labels.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    put_sorted(&mut out, &mut pairs).map_err(|twice| {
        PyValueError::new_err(format!("label {:?} is given twice", String::from_utf8_lossy(twice.0)))
    })?;
    Ok(out)
}

#[pyclass(frozen, module = "otelier._core")]
struct ScrapeCache {
    cache: Mutex<Cache>,
    /// Label sets of `up` and its like.
    reports: Arc<Roster>,
    /// Write OTLP instead of samples.
    otlp: Option<otlp::Target>,
}

#[pymethods]
impl ScrapeCache {
    #[new]
    #[pyo3(signature = (reports, *, resource = None, trim = false))]
    fn new(reports: Vec<Labels>, resource: Option<Labels>, trim: bool) -> PyResult<ScrapeCache> {
        let reports = reports.iter().map(canonical).collect::<PyResult<Vec<_>>>()?;
        let reports = Arc::new(Roster::default().with(reports.iter().map(Vec::as_slice)));
        let otlp = resource.map(|resource| otlp::Target { resource, trim });
        Ok(ScrapeCache { cache: Mutex::new(Cache::new()), reports, otlp })
    }

    #[pyo3(signature = (answer, format, *, native = false, classic = false))]
    fn read(
        &self,
        py: Python<'_>,
        answer: Answered<'_>,
        format: &str,
        native: bool,
        classic: bool,
    ) -> PyResult<Vec<Labels>> {
        let body = match &answer {
            Answered::Fetched(fetched) => fetched.get().body(),
            Answered::Bytes(bytes) => bytes.as_bytes(),
        };
        let format = match format {
            "text" => Format::Text,
            "openmetrics" => Format::OpenMetrics,
            "protobuf" => Format::Protobuf,
            other => return Err(PyValueError::new_err(format!("no such format: {other:?}"))),
        };
        py.detach(|| {
            let mut cache = self.cache.lock();
            cache.read(body, format, Wanted { native, classic_too: classic })?;
            Ok(cache.unknown().map(<[_]>::to_vec).collect())
        })
        .map_err(|error: otelier_series::exposition::Error| PyValueError::new_err(error.to_string()))
    }

    fn learn(&self, py: Python<'_>, labels: Vec<Option<Labels>>) -> PyResult<()> {
        let found = labels.iter().map(|each| each.as_ref().map(canonical).transpose()).collect::<PyResult<Vec<_>>>()?;
        py.detach(|| {
            let mut cache = self.cache.lock();
            if found.len() != cache.unknown().len() {
                return Err(PyValueError::new_err("the number of labels is not that of what is unknown"));
            }
            cache.learn(found);
            Ok(())
        })
    }

    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (now_ms, duration_s, extra, *, honor_timestamps = true, track_timestamps = false,
        sample_limit = 0, bucket_limit = 0, max_schema = None, metadata = false))]
    fn finish(
        &self,
        py: Python<'_>,
        now_ms: i64,
        duration_s: f64,
        extra: Vec<f64>,
        honor_timestamps: bool,
        track_timestamps: bool,
        sample_limit: usize,
        bucket_limit: usize,
        max_schema: Option<i64>,
        metadata: bool,
    ) -> PyResult<Scraped> {
        let how = Finish { now_ms, honor_timestamps, track_timestamps, sample_limit, bucket_limit, max_schema };
        py.detach(|| {
            let mut cache = self.cache.lock();
            let outcome = cache.finish(&how)?;
            let counts = [outcome.scraped, outcome.kept, outcome.added].map(|count| count as f64);
            let values = [1.0, duration_s].into_iter().chain(counts).chain(extra).map(f64::to_bits);
            self.scraped(&mut cache, outcome, now_ms, values, metadata)
        })
        .map_err(PyValueError::new_err)
    }

    fn fail(&self, py: Python<'_>, now_ms: i64, duration_s: f64, extra: Vec<f64>) -> PyResult<Scraped> {
        py.detach(|| {
            let mut cache = self.cache.lock();
            let rows = cache.fail(now_ms);
            let values = [0.0, duration_s, 0.0, 0.0, 0.0].into_iter().chain(extra).map(f64::to_bits);
            self.scraped(&mut cache, Outcome { rows, ..Outcome::default() }, now_ms, values, false)
        })
        .map_err(PyValueError::new_err)
    }

    fn end(&self, py: Python<'_>, now_ms: i64) -> PyResult<Scraped> {
        py.detach(|| {
            let mut cache = self.cache.lock();
            let rows = cache.fail(now_ms);
            let values = std::iter::repeat(STALE);
            self.scraped(&mut cache, Outcome { rows, ..Outcome::default() }, now_ms, values, false)
        })
        .map_err(PyValueError::new_err)
    }

    fn metadata(&self) -> Vec<(String, &'static str, String, String)> {
        let cache = self.cache.lock();
        let mut found: Vec<_> = cache
            .families()
            .map(|(name, known)| {
                let name = String::from_utf8_lossy(name).into_owned();
                (name, known.kind.name(), known.help.clone(), known.unit.clone())
            })
            .collect();
        found.sort_unstable();
        found
    }
}

impl ScrapeCache {
    fn scraped(
        &self,
        cache: &mut Cache,
        outcome: Outcome,
        ms: i64,
        values: impl Iterator<Item = u64>,
        metadata: bool,
    ) -> Result<Scraped, String> {
        let values: Vec<u64> = values.take(self.reports.len()).collect();
        let (samples, otlp) = match &self.otlp {
            Some(target) => {
                let told = values.iter().zip(0..);
                let reports: Vec<_> =
                    told.map(|(bits, n)| otlp::Report { labels: self.reports.labels(n), ms, bits: *bits }).collect();
                (Samples::default(), otlp::request(cache, &outcome, &reports, target))
            }
            None => {
                let samples = stored::samples(cache, &outcome, metadata)
                    .and_then(|own| Ok(Samples::joined([own, stored::reports(&self.reports, ms, &values)?].iter())));
                (samples.map_err(|_| "more samples than can be taken at once".to_owned())?, Vec::new())
            }
        };
        let Outcome { scraped, kept, added, duplicates, .. } = outcome;
        Ok(Scraped { samples, otlp, scraped, kept, added, duplicates })
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct Scraped {
    samples: Samples,
    otlp: Vec<u8>,
    #[pyo3(get)]
    scraped: usize,
    #[pyo3(get)]
    kept: usize,
    #[pyo3(get)]
    added: usize,
    #[pyo3(get)]
    duplicates: usize,
}

#[pymethods]
impl Scraped {
    #[getter]
    fn otlp<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.otlp)
    }

    #[getter]
    fn samples(&self) -> crate::series_write::Samples {
        crate::series_write::Samples(self.samples.clone())
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct Fetches(fetch::Fetches);

#[pymethods]
impl Fetches {
    #[new]
    fn new() -> Fetches {
        Fetches(fetch::Fetches::default())
    }

    fn begin(
        &self,
        client: &Bound<'_, HttpClient>,
        token: u64,
        url: String,
        headers: Labels,
        timeout_s: f64,
        redirects: bool,
    ) {
        self.0.begin(Arc::clone(&client.get().0), token, url, headers, timeout_s, redirects);
    }

    fn take(&self, py: Python<'_>, wait_s: f64, gather_s: f64) -> Vec<Fetched> {
        let [wait, gather] = [wait_s, gather_s].map(|s| Duration::try_from_secs_f64(s).unwrap_or(Duration::ZERO));
        py.detach(|| self.0.take(wait, gather)).into_iter().map(Fetched).collect()
    }

    fn close(&self) {
        self.0.close();
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct Fetched(fetch::Fetched);

impl Fetched {
    fn body(&self) -> &[u8] {
        self.0.result.as_ref().map_or(&[], |answer| &answer.body)
    }
}

/// What a target has answered.
#[derive(FromPyObject)]
enum Answered<'py> {
    Fetched(Bound<'py, Fetched>),
    Bytes(Bound<'py, PyBytes>),
}

#[pymethods]
impl Fetched {
    #[getter]
    fn token(&self) -> u64 {
        self.0.token
    }

    #[getter]
    fn took_s(&self) -> f64 {
        self.0.took.as_secs_f64()
    }

    #[getter]
    fn error(&self) -> Option<&str> {
        match &self.0.result {
            Ok(_) => None,
            Err(NoAnswer::Unsendable(why) | NoAnswer::Failed(why) | NoAnswer::TimedOut(why)) => Some(why),
        }
    }

    #[getter]
    fn status(&self) -> u16 {
        self.0.result.as_ref().map_or(0, |answer| answer.status.as_u16())
    }

    #[getter]
    fn content_type(&self) -> String {
        let answer = self.0.result.as_ref().ok();
        let header = answer.and_then(|answer| answer.headers.get("content-type"));
        header.map_or(String::new(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    fn __len__(&self) -> usize {
        self.body().len()
    }
}
