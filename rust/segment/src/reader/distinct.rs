//! The values of a field in a row group, from dictionaries where there are some.

use super::group::Group;
use super::look::may_be_there;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::filter::{Field, Intrinsic, Scope};
use crate::rows::Rows;
use crate::schema::{self, AttributeType};

impl Group<'_> {
    /// Calls `see` with each value, some of them more than once, until it says false. False: it can't be told from
    /// columns alone, and nothing was seen.
    pub fn distinct(&mut self, field: &Field, see: &mut dyn FnMut(Value) -> bool) -> Result<bool, ReadError> {
        let mut of_header = |name, group: &mut Self, of_resource: bool| {
            group.each_distinct(name, &mut |header| match header {
                Value::Text(header) if of_resource => !field.each_value_of_resource(header, &mut |value| !see(value)),
                Value::Text(header) => !field.each_value_of_scope(header, &mut |value| !see(value)),
                _ => true,
            })
        };
        match field {
            Field::Intrinsic(intrinsic) => match intrinsic {
                Intrinsic::Service => self.each_distinct(schema::SERVICE, see)?,
                Intrinsic::Name => self.each_distinct(schema::NAME, see)?,
                Intrinsic::Kind => self.each_distinct(schema::KIND, see)?,
                Intrinsic::Status => self.each_distinct(schema::STATUS_CODE, see)?,
                Intrinsic::StatusMessage => self.each_distinct(schema::STATUS_MESSAGE, see)?,
                Intrinsic::ScopeName | Intrinsic::ScopeVersion => of_header(schema::SCOPE, self, false)?,
                _ => return Ok(false),
            },
            Field::Attribute(Scope::Resource, _) => of_header(schema::RESOURCE, self, true)?,
            Field::Attribute(Scope::Scope, _) => of_header(schema::SCOPE, self, false)?,
            Field::Attribute(Scope::Span, key) => {
                if may_be_there(key, self) {
                    self.each_raw(schema::REST, field, see)?;
                }
                let key = std::str::from_utf8(key).unwrap_or_default();
                for of in AttributeType::ALL {
                    self.each_distinct(&schema::attribute_column_name(of, key), see)?;
                }
                self.each_distinct(&schema::numbered_column_name(key), see)?;
            }
            Field::Attribute(Scope::Event, _) | Field::EventName => self.each_raw(schema::EVENTS, field, see)?,
            Field::Attribute(Scope::Link, _) | Field::LinkTraceId | Field::LinkSpanId => {
                self.each_raw(schema::LINKS, field, see)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The values of a column.
    fn each_distinct(&mut self, name: &str, see: &mut dyn FnMut(Value) -> bool) -> Result<(), ReadError> {
        let Some(column) = self.column(name) else { return Ok(()) };
        if let Some(dictionary) = self.dictionary(column)? {
            let _all = (0..dictionary.len() as u32).filter_map(|code| dictionary.get(code)).all(see);
            return Ok(());
        }
        for (number, _) in self.pages_of(column, 0..self.rows)? {
            let page = self.page(column, number)?;
            let values = page.all_values().map_err(|what| self.file.damaged(what))?;
            if !(0..page.rank(page.rows)).filter_map(|at| values.get(at, None)).all(&mut *see) {
                break;
            }
        }
        Ok(())
    }

    fn each_raw(&mut self, name: &str, field: &Field, see: &mut dyn FnMut(Value) -> bool) -> Result<(), ReadError> {
        let asked = match field {
            Field::Attribute(_, key) => may_be_there(key, self),
            _ => true,
        };
        let Some(column) = self.column(name).filter(|_| asked) else { return Ok(()) };
        let mut goes_on = true;
        self.each_value(column, &Rows::all(self.rows), &mut |_, fields| {
            if let (Value::Text(fields), true) = (fields, goes_on) {
                goes_on = !field.each_value(fields, &mut |value| !see(value));
            }
        })
    }
}
