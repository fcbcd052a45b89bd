//! Fields of a chunk's spans as columns: once per shape where that answers, else from the bytes of the items.

use super::chunk::{Chunk, Shape};
use crate::error::ReadError;
use crate::filter::value::{Fixed, Value};
use crate::filter::{Field, Intrinsic, Scope};
use crate::rows::Rows;
use crate::spans::{Column, Entry, Owned};

impl Chunk {
    /// Puts the values of all fields but those of whole traces into a column.
    pub fn fill(&self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        let int = |int: i128, out: &mut Column| out.entry(Value::Int(int));
        match field {
            Field::Intrinsic(intrinsic) => match intrinsic {
                Intrinsic::StartNs => self.by_row(rows, out, at, |row, out| int(self.starts[row].into(), out)),
                Intrinsic::DurationNs => self.by_row(rows, out, at, |row, out| int(self.durations[row].into(), out)),
                Intrinsic::TraceId => ids(&self.trace_ids, rows, out, at),
                Intrinsic::SpanId => ids(&self.span_ids, rows, out, at),
                Intrinsic::ParentSpanId => ids(&self.parent_ids, rows, out, at),
                Intrinsic::StatusMessage | Intrinsic::TraceState => {
                    let is_message = *intrinsic == Intrinsic::StatusMessage;
                    return self.by_item(rows, &mut |place, span| {
                        let fixed = Fixed::read(span);
                        let entry =
                            out.entry(Value::Text(if is_message { fixed.status_message } else { fixed.trace_state }));
                        out.set(at + place, entry);
                    });
                }
                _ => self.by_shape(field, rows, out, at),
            },
            Field::Attribute(Scope::Resource | Scope::Scope, _) => self.by_shape(field, rows, out, at),
            Field::Attribute(Scope::Span, _) => {
                return self.by_item(rows, &mut |place, span| {
                    field.each_value(span, &mut |value| {
                        let entry = out.entry(value);
                        out.set_least(at + place, entry);
                        false
                    });
                });
            }
            Field::Attribute(Scope::Any, key) => {
                let scopes = [Scope::Span, Scope::Resource, Scope::Scope, Scope::Event, Scope::Link];
                return self.first(&scopes.map(|scope| Field::Attribute(scope, key.clone())), rows, out, at);
            }
            Field::Nearest(key) => {
                let scopes = [Scope::Span, Scope::Resource];
                return self.first(&scopes.map(|scope| Field::Attribute(scope, key.clone())), rows, out, at);
            }
            Field::Attribute(Scope::Event | Scope::Link, _)
            | Field::EventName
            | Field::EventTime
            | Field::LinkTraceId
            | Field::LinkSpanId
            | Field::Parts(_) => {
                return self.by_item(rows, &mut |place, span| {
                    let mut values = Vec::new();
                    field.each_value(span, &mut |value| {
                        values.push(Owned::new(value));
                        false
                    });
                    out.set_all(at + place, &values);
                });
            }
            Field::Whole(_) => {}
        }
        Ok(())
    }

    fn by_row(&self, rows: &Rows, out: &mut Column, at: usize, entry: impl Fn(usize, &mut Column) -> Entry) {
        for (place, row) in rows.iter().enumerate() {
            let entry = entry(row, out);
            out.set(at + place, entry);
        }
    }

    fn by_shape(&self, field: &Field, rows: &Rows, out: &mut Column, at: usize) {
        let mut known: Vec<Option<Entry>> = vec![None; self.shapes.len()];
        for (place, row) in rows.iter().enumerate() {
            let shape = self.shape_of[row] as usize;
            let entry = match known[shape] {
                Some(entry) => entry,
                None => {
                    let entry = of_shape(field, &self.shapes[shape], out);
                    known[shape] = Some(entry);
                    entry
                }
            };
            out.set(at + place, entry);
        }
    }

    /// Calls `see` with the place in `rows` and the item of each.
    fn by_item(&self, rows: &Rows, see: &mut dyn FnMut(usize, &[u8])) -> Result<(), ReadError> {
        let mut places = vec![0; self.rows()];
        rows.iter().enumerate().for_each(|(place, row)| places[row] = place);
        self.each_item(rows, &|_| true, &mut |row, span| see(places[row], span))
    }

    /// The first of these fields that has a value.
    fn first(&self, fields: &[Field], rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        let count = rows.count();
        for field in fields {
            let end = out.extend(count);
            self.fill(field, rows, out, end)?;
            out.copy_missing(end, at, count);
            out.resize(end);
        }
        Ok(())
    }
}

fn ids<const N: usize>(ids: &[[u8; N]], rows: &Rows, out: &mut Column, at: usize) {
    for (place, row) in rows.iter().enumerate() {
        out.set_id(at + place, &ids[row]);
    }
}

fn of_shape(field: &Field, shape: &Shape, out: &mut Column) -> Entry {
    match field {
        Field::Intrinsic(Intrinsic::Name) => out.entry(Value::Text(&shape.name)),
        Field::Intrinsic(Intrinsic::Kind) => out.entry(Value::Int(shape.kind.into())),
        Field::Intrinsic(Intrinsic::Status) => out.entry(Value::Int(shape.status.into())),
        _ => {
            let end = out.extend(1);
            let mut see = |value: Value| {
                let entry = out.entry(value);
                out.set_least(end, entry);
                false
            };
            field.each_value_of_resource(&shape.resource, &mut see);
            field.each_value_of_scope(&shape.scope, &mut see);
            let entry = (out.tags[end], out.data[end]);
            out.resize(end);
            entry
        }
    }
}
