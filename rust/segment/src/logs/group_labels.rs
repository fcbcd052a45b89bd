//! The labels of a row group's records.

use super::group::{GroupLogs, header};
use super::labels::{Label, Own, level};
use super::text::text_form;
use crate::error::ReadError;
use crate::filter::value::{Value, hex};
use crate::index::exists_hash;
use crate::rows::Rows;
use crate::schema;

/// The field number of a log record's attributes.
const ATTRIBUTES: u32 = 6;

impl GroupLogs<'_> {
    /// Hands each row of `among` what `judge` makes of its label's text, which it is asked about once per distinct
    /// text of a page where there is a dictionary.
    pub fn label<T: Copy>(
        &mut self,
        label: &Label,
        among: &Rows,
        judge: &mut dyn FnMut(&[u8]) -> T,
        put: &mut dyn FnMut(usize, T),
    ) -> Result<(), ReadError> {
        let mut open = among.clone();
        let resource = self.group.needed(schema::RESOURCE)?;
        self.decide(resource, &mut open, &mut |value| label.of_resource(header(value), &mut *judge), put)?;
        if open.is_empty() {
            return Ok(());
        }
        self.own(label, &mut open, judge, put)?;
        let scope = self.group.needed(schema::SCOPE)?;
        self.decide(scope, &mut open, &mut |value| label.of_scope(header(value), &mut *judge), put)?;
        let is_meant = |key: &str| label.is_of(key.as_bytes());
        for key in self.keys(&is_meant) {
            if open.is_empty() {
                return Ok(());
            }
            for column in self.columns_of(&key) {
                self.decide(column, &mut open, &mut |value| Some(judge(&text_form(value))), put)?;
            }
        }
        if self.may_be_raw(&is_meant)
            && let Some(rest) = self.group.column(schema::REST)
        {
            let judge = &mut |value: Value| {
                let mut least = None;
                label.least_attribute(header(value), ATTRIBUTES, &mut least);
                least.map(|(_, text)| judge(&text))
            };
            self.decide(rest, &mut open, judge, put)?;
        }
        if label.own == Own::LevelAlias {
            self.levels(&mut open, judge, put)?;
        }
        let nothing = judge(b"");
        open.iter().for_each(|row| put(row, nothing));
        Ok(())
    }

    /// Hands each row of `among` what `judge` makes of its resource's header.
    pub fn resources<T: Copy>(
        &mut self,
        among: &Rows,
        judge: &mut dyn FnMut(&[u8]) -> T,
        put: &mut dyn FnMut(usize, T),
    ) -> Result<(), ReadError> {
        let column = self.group.needed(schema::RESOURCE)?;
        self.decide(column, &mut among.clone(), &mut |value| Some(judge(header(value))), put)
    }

    /// All resources' headers.
    pub fn each_resource(&mut self, see: &mut dyn FnMut(&[u8])) -> Result<(), ReadError> {
        let column = self.group.needed(schema::RESOURCE)?;
        let Some(dictionary) = self.group.dictionary(column)? else { return Ok(()) };
        (0..dictionary.len() as u32).filter_map(|code| dictionary.get(code)).for_each(|value| see(header(value)));
        Ok(())
    }

    /// What the record itself says of a label.
    fn own<T: Copy>(
        &mut self,
        label: &Label,
        open: &mut Rows,
        judge: &mut dyn FnMut(&[u8]) -> T,
        put: &mut dyn FnMut(usize, T),
    ) -> Result<(), ReadError> {
        let column = match label.own {
            Own::Level => return self.levels(open, judge, put),
            Own::SeverityNumber => schema::SEVERITY_NUMBER,
            Own::SeverityText => schema::SEVERITY_TEXT,
            Own::TraceId => schema::TRACE_ID,
            Own::SpanId => schema::SPAN_ID,
            Own::EventName => schema::EVENT_NAME,
            Own::Flags => schema::FLAGS,
            Own::Observed => schema::OBSERVED_NS,
            Own::Nothing | Own::LevelAlias | Own::ScopeName | Own::ScopeVersion => return Ok(()),
        };
        let Some(column) = self.group.column(column) else { return Ok(()) };
        let is_id = matches!(label.own, Own::TraceId | Own::SpanId);
        let judge = &mut |value: Value| match value {
            Value::Int(0) => None,
            Value::Int(number) if label.own == Own::Flags => Some(judge((number as u32).to_string().as_bytes())),
            Value::Int(number) if label.own == Own::Observed => {
                Some(judge((number as i64 as u64).to_string().as_bytes()))
            }
            Value::Text(id) if is_id => Some(judge(hex(id).as_bytes())),
            value => Some(judge(&text_form(value))),
        };
        self.decide(column, open, judge, put)
    }

    fn levels<T: Copy>(
        &mut self,
        open: &mut Rows,
        judge: &mut dyn FnMut(&[u8]) -> T,
        put: &mut dyn FnMut(usize, T),
    ) -> Result<(), ReadError> {
        let number = self.group.needed(schema::SEVERITY_NUMBER)?;
        let of_number = &mut |value: Value| match value {
            Value::Int(number @ 1..=24) => Some(judge(level(number as i32, b""))),
            _ => None,
        };
        self.decide(number, open, of_number, put)?;
        if let Some(text) = self.group.column(schema::SEVERITY_TEXT) {
            self.decide(text, open, &mut |value| Some(judge(level(0, header(value)))), put)?;
        }
        let unknown = judge(level(0, b""));
        open.iter().for_each(|row| put(row, unknown));
        *open = Rows::none(open.len());
        Ok(())
    }

    /// Those keys of attributes with a column that are meant, in order.
    pub(super) fn keys(&self, is_meant: &dyn Fn(&str) -> bool) -> Vec<String> {
        let keys = self.group.columns().iter().filter_map(|column| schema::attribute_of_column(&column.name));
        let mut keys: Vec<String> = keys.map(|(_, key)| key).filter(|key| is_meant(key)).map(str::to_owned).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(super) fn columns_of(&self, key: &str) -> Vec<usize> {
        let columns = self.group.columns().iter().enumerate();
        columns
            .filter(|(at, column)| {
                !self.group.chunk(*at).empty
                    && schema::attribute_of_column(&column.name).is_some_and(|(_, known)| known == key)
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether attributes without a column may have a key that is meant.
    pub(super) fn may_be_raw(&self, is_meant: &dyn Fn(&str) -> bool) -> bool {
        let summary = &self.group.file.summary;
        let Some(filter) = self.group.file.filters.0.get(self.group.number) else { return true };
        let mut keys = summary.keys.iter().filter(|key| is_meant(&key.key));
        summary.keys_left_out > 0 || keys.any(|key| filter.may_hold(exists_hash(key.key.as_bytes())))
    }
}
