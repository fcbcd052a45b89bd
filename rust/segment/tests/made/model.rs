//! What a plain scan says of spans: fields, relatives, filters.

use std::collections::{BTreeMap, BTreeSet};

use otelier_segment::filter::value::{Fixed, Value, text_of};
use otelier_segment::filter::{Field, Filter, Intrinsic, Relation, Scope, Test, Wanted, Whole};
use otelier_segment::newest::TraceId;
use otelier_segment::spans::Column;

use super::Known;

/// Spans, each once, and the places of their parents among them.
pub struct Model<'a> {
    pub spans: Vec<&'a Known>,
    parents: Vec<Option<usize>>,
    traces: BTreeMap<TraceId, Vec<usize>>,
}

impl<'a> Model<'a> {
    pub fn new(all: &'a [Known]) -> Model<'a> {
        let mut seen = BTreeSet::new();
        let spans: Vec<&Known> = all.iter().filter(|span| seen.insert((span.trace_id, span.identity))).collect();
        let mut traces: BTreeMap<TraceId, Vec<usize>> = BTreeMap::new();
        for (at, span) in spans.iter().enumerate() {
            traces.entry(span.trace_id).or_default().push(at);
        }
        let parent = |span: &&Known| {
            let id = parent_id(span)?;
            let with_id = traces[&span.trace_id].iter().copied().filter(|other| spans[*other].identity.0 == id);
            with_id.min_by_key(|other| {
                let (id, start, kind) = spans[*other].identity;
                (kind != 2, start, id, kind)
            })
        };
        let parents = spans.iter().map(parent).collect();
        Model { spans, parents, traces }
    }

    fn trace(&self, at: usize) -> &[usize] {
        &self.traces[&self.spans[at].trace_id]
    }

    pub fn holds(&self, filter: &Filter, at: usize) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|part| self.holds(part, at)),
            Filter::Any(parts) => parts.iter().any(|part| self.holds(part, at)),
            Filter::Not(part) => !self.holds(part, at),
            Filter::Has(relation, part) => {
                let mut trace = self.trace(at).iter().copied();
                trace.any(|other| self.is(*relation, other, at) && self.holds(part, other))
            }
            Filter::Test(test) => match test.field {
                Field::Whole(whole) => self.meets(test, whole, at),
                _ => test.holds(&self.spans[at].as_span()),
            },
        }
    }

    /// Whether `other` is such a relative of `at`.
    fn is(&self, relation: Relation, other: usize, at: usize) -> bool {
        let below = |mut low: usize, high: usize| {
            while let Some(parent) = self.parents[low] {
                if parent == high {
                    return true;
                }
                low = parent;
            }
            false
        };
        match relation {
            Relation::Parent => self.parents[at] == Some(other),
            Relation::Child => self.parents[other] == Some(at),
            Relation::Ancestor => below(at, other),
            Relation::Descendant => below(other, at),
            Relation::Sibling => {
                let family =
                    |at: usize| (self.parents[at], self.parents[at].is_none().then(|| parent_id(self.spans[at])));
                other != at && parent_id(self.spans[at]).is_some() && family(other) == family(at)
            }
            Relation::Trace => true,
        }
    }

    fn meets(&self, test: &Test, whole: Whole, at: usize) -> bool {
        match self.whole(whole, at) {
            Said::Int(int) => test.holds_for_int(int.into()),
            Said::Text(text) => test.holds_for_text(text.as_bytes()),
        }
    }

    fn whole(&self, whole: Whole, at: usize) -> Said {
        let span = |at: usize| self.spans[at];
        let trace = self.trace(at);
        match whole {
            Whole::TraceDurationNs => {
                let end = |at: &usize| Fixed::read(&span(*at).span).end_ns;
                let start = trace.iter().map(|at| span(*at).start_ns).min().unwrap();
                Said::Int((trace.iter().map(end).max().unwrap() - start) as i64)
            }
            Whole::ChildCount => {
                Said::Int(trace.iter().filter(|other| self.parents[**other] == Some(at)).count() as i64)
            }
            Whole::RootName | Whole::RootService => {
                let roots = trace.iter().copied().filter(|at| parent_id(span(*at)).is_none());
                let root = roots.min_by_key(|at| (span(*at).start_ns, span(*at).identity));
                let intrinsic = if whole == Whole::RootName { Intrinsic::Name } else { Intrinsic::Service };
                let value = root.map(|root| self.value(&Field::Intrinsic(intrinsic), root)).unwrap_or_default();
                Said::Text(value.strip_prefix("text ").unwrap_or_default().to_owned())
            }
            Whole::NestedParent if self.parents[at].is_none() => {
                Said::Int(if parent_id(span(at)).is_some() { 0 } else { -1 })
            }
            // Numbers are those of the tree's own test; here only that they are nested.
            Whole::NestedLeft | Whole::NestedRight | Whole::NestedParent => Said::Int(i64::MIN),
        }
    }

    /// A field's value, written down.
    pub fn read(&self, wanted: &Wanted, at: usize) -> String {
        match (wanted.of_parent, self.parents[at]) {
            (false, _) => self.value(&wanted.field, at),
            (true, Some(parent)) => self.value(&wanted.field, parent),
            (true, None) => String::new(),
        }
    }

    fn value(&self, field: &Field, at: usize) -> String {
        let known = self.spans[at];
        let fixed = Fixed::read(&known.span);
        let mut values = Vec::new();
        let mut see = |value: Value| {
            values.push(written(value));
            false
        };
        match field {
            Field::Intrinsic(intrinsic) => match intrinsic {
                Intrinsic::Name => see(Value::Text(fixed.name)),
                Intrinsic::StatusMessage => see(Value::Text(fixed.status_message)),
                Intrinsic::TraceState => see(Value::Text(fixed.trace_state)),
                Intrinsic::Kind => see(Value::Int(fixed.kind.into())),
                Intrinsic::Status => see(Value::Int(fixed.status_code.into())),
                Intrinsic::StartNs => see(Value::Int(fixed.start_ns.into())),
                Intrinsic::DurationNs => see(Value::Int(fixed.duration_ns().into())),
                Intrinsic::TraceId => return hex(fixed.trace_id),
                Intrinsic::SpanId => return hex(fixed.span_id),
                Intrinsic::ParentSpanId => return fixed.parent().map(hex).unwrap_or_default(),
                _ => {
                    field.each_value_of_resource(&known.resource, &mut see)
                        || field.each_value_of_scope(&known.scope, &mut see)
                }
            },
            Field::Nearest(key) => {
                let of = |scope| self.value(&Field::Attribute(scope, key.clone()), at);
                return Some(of(Scope::Span)).filter(|value| !value.is_empty()).unwrap_or_else(|| of(Scope::Resource));
            }
            Field::Attribute(Scope::Any, key) => {
                let scopes = [Scope::Span, Scope::Resource, Scope::Scope, Scope::Event, Scope::Link];
                let of = |scope| self.value(&Field::Attribute(scope, key.clone()), at);
                return scopes.into_iter().map(of).find(|value| !value.is_empty()).unwrap_or_default();
            }
            Field::Whole(whole) => match self.whole(*whole, at) {
                Said::Int(int) => see(Value::Int(int.into())),
                Said::Text(text) => see(Value::Text(text.as_bytes())),
            },
            _ => {
                field.each_value(&known.span, &mut see);
                field.each_value_of_resource(&known.resource, &mut see)
                    || field.each_value_of_scope(&known.scope, &mut see)
            }
        };
        let several = matches!(
            field,
            Field::Attribute(Scope::Event | Scope::Link, _)
                | Field::EventName
                | Field::EventTime
                | Field::LinkTraceId
                | Field::LinkSpanId
        );
        match &values[..] {
            [] => String::new(),
            [value] => value.1.clone(),
            _ if several => format!("array {}", values.len()),
            _ => {
                values
                    .into_iter()
                    .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.2.total_cmp(&b.2)).then_with(|| a.1.cmp(&b.1)))
                    .unwrap()
                    .1
            }
        }
    }
}

enum Said {
    Int(i64),
    Text(String),
}

fn parent_id(span: &Known) -> Option<u64> {
    Some(u64::from_be_bytes(Fixed::read(&span.span).parent()?.try_into().ok()?))
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Its type's place in the order of types, itself, and itself as a number.
fn written(value: Value) -> (u8, String, f64) {
    match value {
        Value::Text(text) => (1, format!("text {}", String::from_utf8_lossy(text)), 0.0),
        Value::Bool(bool) => (2, format!("bool {bool}"), 0.0),
        Value::Int(int) => (3, format!("int {}", int as i64), int as f64),
        Value::Double(double) => (4, format!("double {double}"), double),
        Value::Other(any) if any.first() == Some(&0x2a) => (5, format!("array {}", text_of(any)), 0.0),
        Value::Other(any) => (6, format!("other {}", text_of(any)), 0.0),
    }
}

/// The same of a row of a column.
pub fn written_row(column: &Column, row: usize) -> String {
    if column.width > 0 {
        return if column.tags[row] == 0 { String::new() } else { hex(column.id(row)) };
    }
    let (data, text) = (column.data[row], || String::from_utf8_lossy(column.text(column.data[row])));
    match column.tags[row] {
        0 => String::new(),
        1 => format!("text {}", text()),
        2 => format!("bool {}", data != 0),
        3 => format!("int {}", data as i64),
        4 => format!("double {}", f64::from_bits(data)),
        5 => format!("array {}", text()),
        _ => format!("other {}", text()),
    }
}

/// Whether a row says what the scan says: of events and links with several values their number.
pub fn is_same(column: &Column, row: usize, expected: &str) -> bool {
    let found = written_row(column, row);
    if found == expected {
        return true;
    }
    match (found.strip_prefix("array "), expected.strip_prefix("array ").and_then(|count| count.parse::<usize>().ok()))
    {
        (Some(json), Some(count)) => {
            let array: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
            array.len() == count
        }
        _ => false,
    }
}
