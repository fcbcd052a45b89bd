//! Fields of a row group's spans as columns.

use super::group::Group;
use super::look::may_be_there;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::filter::{Field, Intrinsic, Part, Scope};
use crate::rows::Rows;
use crate::schema;
use crate::spans::{Column, Entry, NOTHING, Owned};

impl Group<'_> {
    /// Puts the values of all fields but those of whole traces into a column.
    pub fn fill(&mut self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        match field {
            Field::Intrinsic(intrinsic) => self.fill_intrinsic(*intrinsic, rows, out, at),
            Field::Attribute(scope, key) => match scope {
                Scope::Span => self.fill_attribute(field, key, rows, out, at),
                Scope::Resource | Scope::Scope => self.fill_header(field, rows, out, at),
                Scope::Event => self.fill_raw(field, schema::EVENTS, rows, out, at),
                Scope::Link => self.fill_raw(field, schema::LINKS, rows, out, at),
                Scope::Any => {
                    let scopes = [Scope::Span, Scope::Resource, Scope::Scope, Scope::Event, Scope::Link];
                    self.fill_first(&scopes.map(|scope| Field::Attribute(scope, key.clone())), rows, out, at)
                }
            },
            Field::Nearest(key) => {
                let scopes = [Scope::Span, Scope::Resource];
                self.fill_first(&scopes.map(|scope| Field::Attribute(scope, key.clone())), rows, out, at)
            }
            Field::EventName | Field::EventTime => self.fill_raw(field, schema::EVENTS, rows, out, at),
            Field::LinkTraceId | Field::LinkSpanId => self.fill_raw(field, schema::LINKS, rows, out, at),
            Field::Parts(part) => {
                let name = if *part == Part::Event { schema::EVENTS } else { schema::LINKS };
                let Some(column) = self.column(name) else { return Ok(()) };
                self.fill_column(column, rows, out, at, &|value, out| out.entry(value))
            }
            Field::Whole(_) => Ok(()),
        }
    }

    fn fill_intrinsic(
        &mut self,
        intrinsic: Intrinsic,
        rows: &Rows,
        out: &mut Column,
        at: usize,
    ) -> Result<(), ReadError> {
        let name = match intrinsic {
            Intrinsic::Service => schema::SERVICE,
            Intrinsic::Name => schema::NAME,
            Intrinsic::StatusMessage => schema::STATUS_MESSAGE,
            Intrinsic::TraceState => schema::TRACE_STATE,
            Intrinsic::Kind => schema::KIND,
            Intrinsic::Status => schema::STATUS_CODE,
            Intrinsic::StartNs => schema::START_NS,
            Intrinsic::DurationNs => schema::DURATION_NS,
            Intrinsic::TraceId => return self.fill_ids(schema::TRACE_ID, rows, out, at),
            Intrinsic::SpanId => return self.fill_ids(schema::SPAN_ID, rows, out, at),
            Intrinsic::ParentSpanId => return self.fill_parent_ids(rows, out, at),
            Intrinsic::ScopeName | Intrinsic::ScopeVersion => {
                return self.fill_header(&Field::Intrinsic(intrinsic), rows, out, at);
            }
        };
        if let Some(column) = self.column(name) {
            self.fill_column(column, rows, out, at, &|value, out| out.entry(value))?;
        }
        if matches!(intrinsic, Intrinsic::StatusMessage | Intrinsic::TraceState) {
            let empty = out.entry(Value::Text(b""));
            out.set_missing(at..at + rows.count(), empty);
        }
        Ok(())
    }

    fn fill_attribute(
        &mut self,
        field: &Field,
        key: &[u8],
        rows: &Rows,
        out: &mut Column,
        at: usize,
    ) -> Result<(), ReadError> {
        if may_be_there(key, self)
            && let Some(rest) = self.column(schema::REST)
        {
            self.each_value(rest, rows, &mut |place, value| {
                if let Value::Text(fields) = value {
                    field.each_value(fields, &mut |value| {
                        let entry = out.entry(value);
                        out.set_least(at + place, entry);
                        false
                    });
                }
            })?;
        }
        for column in self.attribute_columns(key) {
            self.fill_column(column, rows, out, at, &|value, out| out.entry(value))?;
        }
        Ok(())
    }

    /// A field of the resource or the scope.
    fn fill_header(&mut self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        let of_resource = matches!(field, Field::Attribute(Scope::Resource, _));
        let Some(column) = self.column(if of_resource { schema::RESOURCE } else { schema::SCOPE }) else {
            return Ok(());
        };
        self.fill_column(column, rows, out, at, &|header, out| match header {
            Value::Text(header) => least(field, header, out),
            _ => NOTHING,
        })
    }

    /// A field of events or links.
    fn fill_raw(
        &mut self,
        field: &Field,
        name: &'static str,
        rows: &Rows,
        out: &mut Column,
        at: usize,
    ) -> Result<(), ReadError> {
        let asked = match field {
            Field::Attribute(_, key) => may_be_there(key, self),
            _ => true,
        };
        let Some(column) = self.column(name).filter(|_| asked) else { return Ok(()) };
        let starts = match field {
            Field::EventTime => self.starts(rows)?,
            _ => Vec::new(),
        };
        self.each_value(column, rows, &mut |place, value| {
            let Value::Text(fields) = value else { return };
            let timed;
            let fields = match starts.get(place) {
                Some(start_ns) => {
                    timed = with_start(fields, *start_ns);
                    &timed[..]
                }
                None => fields,
            };
            let mut values = Vec::new();
            field.each_value(fields, &mut |value| {
                values.push(Owned::new(value));
                false
            });
            out.set_all(at + place, &values);
        })
    }

    /// The first of these fields that has a value.
    fn fill_first(&mut self, fields: &[Field], rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        let count = rows.count();
        for (number, field) in fields.iter().enumerate() {
            if number == 0 {
                self.fill(field, rows, out, at)?;
                continue;
            }
            if (at..at + count).all(|row| out.tags[row] != 0) {
                break;
            }
            let end = out.extend(count);
            self.fill(field, rows, out, end)?;
            out.copy_missing(end, at, count);
            out.resize(end);
        }
        Ok(())
    }

    /// The starts of these rows.
    pub fn starts(&mut self, rows: &Rows) -> Result<Vec<u64>, ReadError> {
        let column = self.needed(schema::START_NS)?;
        let mut starts = vec![0; rows.count()];
        self.each_value(column, rows, &mut |place, value| {
            if let Value::Int(start) = value {
                starts[place] = start as u64;
            }
        })?;
        Ok(starts)
    }
}

/// The least value of a field in a header.
pub fn least(field: &Field, header: &[u8], out: &mut Column) -> Entry {
    let end = out.extend(1);
    let mut see = |value: Value| {
        let entry = out.entry(value);
        out.set_least(end, entry);
        false
    };
    match field {
        Field::Attribute(Scope::Resource, _) => field.each_value_of_resource(header, &mut see),
        _ => field.each_value_of_scope(header, &mut see),
    };
    let entry = (out.tags[end], out.data[end]);
    out.resize(end);
    entry
}

/// Fields of a Span, with its start as another.
pub fn with_start(fields: &[u8], start_ns: u64) -> Vec<u8> {
    [&[0x39][..], &start_ns.to_le_bytes(), fields].concat()
}
