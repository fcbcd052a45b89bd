//! Logs for Python: what `View` answers about them, and `Words`; see `_core.pyi`.

use otelier_segment::filter::value::{any_value, each_message, pair_of};
use otelier_segment::logs;
use pyo3::prelude::*;
use pyo3::types::PyString;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Words>()
}

/// Searches for words in lines.
#[pyclass(frozen, module = "otelier._core")]
struct Words(logs::Words);

#[pymethods]
impl Words {
    #[new]
    fn new(text: &str) -> Words {
        Words(logs::Words::new(text))
    }

    fn found_in(&self, line: &str) -> bool {
        self.0.hold(line.as_bytes())
    }
}

type Text<'py> = Bound<'py, PyString>;
type Pairs<'py> = Vec<(Text<'py>, Text<'py>)>;
/// Name, version, attributes.
type Scope<'py> = (Text<'py>, Text<'py>, Pairs<'py>);
/// In the order of `query/log_labels.py`'s Record.
type Record<'py> = (u64, u64, i32, Text<'py>, Text<'py>, Text<'py>, String, String, u32, Pairs<'py>, usize, usize);
/// Records, row groups, skipped row groups, whether it is partial, bytes.
type Looked = (u64, u64, u64, bool, u64);

/// Records, resources, scopes, whether there are more.
pub type Found<'py> = (Vec<Record<'py>>, Vec<Pairs<'py>>, Vec<Scope<'py>>, bool, Looked);
pub type Counted<'py> = (Vec<Pairs<'py>>, Vec<(u32, u64, u64, u64)>, Looked);
pub type Streams<'py> = (Vec<Pairs<'py>>, u64, u64, u64);

fn text<'py>(py: Python<'py>, bytes: &[u8]) -> Text<'py> {
    match std::str::from_utf8(bytes) {
        Ok(text) => PyString::new(py, text),
        Err(_) => PyString::new(py, &String::from_utf8_lossy(bytes)),
    }
}

fn pairs<'py>(py: Python<'py>, pairs: &[(Vec<u8>, Vec<u8>)]) -> Pairs<'py> {
    pairs.iter().map(|(key, value)| (PyString::intern(py, &String::from_utf8_lossy(key)), text(py, value))).collect()
}

/// The attributes that are fields `inner` of the message that is field 1 of a header.
fn attributes<'py>(py: Python<'py>, header: &[u8], inner: u32) -> Pairs<'py> {
    let mut out = Vec::new();
    each_message(header, 1, &mut |message| {
        each_message(message, inner, &mut |pair| {
            let (key, any) = pair_of(pair);
            out.push((text(py, key), text(py, &logs::text_form(any_value(any)))));
            false
        })
    });
    out
}

fn scope<'py>(py: Python<'py>, header: &[u8]) -> Scope<'py> {
    let (mut name, mut version): (&[u8], &[u8]) = (b"", b"");
    each_message(header, 1, &mut |message| {
        each_message(message, 1, &mut |found| {
            name = found;
            false
        });
        each_message(message, 2, &mut |found| {
            version = found;
            false
        })
    });
    (text(py, name), text(py, version), attributes(py, header, 3))
}

fn hex(id: &[u8]) -> String {
    otelier_segment::filter::value::hex(id)
}

fn looked(looked: logs::Looked) -> Looked {
    (looked.records, looked.row_groups, looked.skipped, looked.partial, looked.bytes)
}

pub fn found<'py>(py: Python<'py>, found: &logs::Found) -> Found<'py> {
    let (mut resources, mut scopes) = (Places::default(), Places::default());
    let tuple = |record: &logs::Record| {
        (
            record.order_ns,
            record.observed_ns,
            record.severity_number,
            text(py, &record.severity_text),
            text(py, &record.event_name),
            text(py, &record.line),
            hex(&record.trace_id),
            hex(&record.span_id),
            record.flags,
            pairs(py, &record.attributes),
            resources.of(&record.resource),
            scopes.of(&record.scope),
        )
    };
    let records = found.records.iter().map(tuple).collect();
    let resources = resources.0.iter().map(|header| attributes(py, header, 1)).collect();
    let scopes = scopes.0.iter().map(|header| scope(py, header)).collect();
    (records, resources, scopes, found.more, looked(found.looked))
}

/// Headers, each once.
#[derive(Default)]
struct Places(Vec<Vec<u8>>);

impl Places {
    fn of(&mut self, header: &[u8]) -> usize {
        // Few, and neighbours have the same more often than not.
        let known = self.0.iter().rposition(|known| known == header);
        known.unwrap_or_else(|| {
            self.0.push(header.to_vec());
            self.0.len() - 1
        })
    }
}

pub fn counted<'py>(py: Python<'py>, counted: &logs::Counted) -> Counted<'py> {
    let groups = counted.groups.iter().map(|group| pairs(py, group)).collect();
    let counts = counted.counts.iter().map(|each| (each.group, each.part, each.records, each.bytes)).collect();
    (groups, counts, looked(counted.looked))
}

pub fn streams<'py>(py: Python<'py>, streams: &logs::Streams) -> Streams<'py> {
    let resources = streams.resources.iter().map(|header| attributes(py, header, 1)).collect();
    (resources, streams.records, streams.bytes, streams.row_groups)
}
