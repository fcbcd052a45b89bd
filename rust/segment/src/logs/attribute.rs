//! Attributes by their exact key, of a record itself, of its resource or of its scope. Of a key that was given twice
//! either value counts.

use super::group::{GroupLogs, header};
use super::text::text_form;
use crate::error::ReadError;
use crate::filter::value::{Value, any_value, each_message, pair_of};
use crate::rows::Rows;
use crate::schema;

/// Field numbers: of a log record's attributes, of a resource's, of a scope's.
const OF_RECORD: u32 = 6;
const OF_RESOURCE: u32 = 1;
const OF_SCOPE: u32 = 3;

/// Whose attribute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Record,
    Resource,
    Scope,
}

#[derive(Debug)]
pub struct AttributeTest {
    pub owner: Owner,
    pub key: Box<str>,
    /// What its text is; `None`: it is there.
    pub text: Option<Box<[u8]>>,
}

impl AttributeTest {
    fn holds(&self, text: &[u8]) -> bool {
        self.text.as_deref().is_none_or(|wanted| wanted == text)
    }

    /// Of a header around records, a resource's or a scope's.
    fn in_header(&self, header: &[u8]) -> bool {
        let number = if self.owner == Owner::Resource { OF_RESOURCE } else { OF_SCOPE };
        each_message(header, 1, &mut |message| self.among(message, number))
    }

    /// Of an encoded record, or of what of it has no column.
    fn in_record(&self, item: &[u8]) -> bool {
        self.among(item, OF_RECORD)
    }

    fn among(&self, message: &[u8], number: u32) -> bool {
        each_message(message, number, &mut |pair| {
            let (key, any) = pair_of(pair);
            key == self.key.as_bytes() && self.holds(&text_form(any_value(any)))
        })
    }

    /// What the headers alone say; `None`: the record must be asked.
    pub fn of_headers(&self, resource: &[u8], scope: &[u8]) -> Option<bool> {
        match self.owner {
            Owner::Record => None,
            Owner::Resource => Some(self.in_header(resource)),
            Owner::Scope => Some(self.in_header(scope)),
        }
    }

    /// Of an encoded record under these headers.
    pub fn of_record(&self, resource: &[u8], scope: &[u8], item: &[u8]) -> bool {
        self.of_headers(resource, scope).unwrap_or_else(|| self.in_record(item))
    }
}

impl GroupLogs<'_> {
    /// Adds the rows of `among` for which the test holds.
    pub(super) fn attribute(&mut self, test: &AttributeTest, among: &Rows, found: &mut Rows) -> Result<(), ReadError> {
        let (mut open, put) = (among.clone(), &mut |row, ()| found.insert(row));
        if let Some(column) = header_column(test.owner) {
            let column = self.group.needed(column)?;
            return self.decide(column, &mut open, &mut |value| test.in_header(header(value)).then_some(()), put);
        }
        for column in self.columns_of(&test.key) {
            self.decide(column, &mut open, &mut |value| test.holds(&text_form(value)).then_some(()), put)?;
        }
        if self.may_be_raw(&|key| *key == *test.key)
            && let Some(rest) = self.group.column(schema::REST)
        {
            self.decide(rest, &mut open, &mut |value: Value| test.in_record(header(value)).then_some(()), put)?;
        }
        Ok(())
    }

    /// False if no row has such an attribute, as far as indexes and dictionaries tell.
    pub(super) fn may_have(&mut self, test: &AttributeTest) -> Result<bool, ReadError> {
        if let Some(column) = header_column(test.owner) {
            let column = self.group.needed(column)?;
            let Some(dictionary) = self.group.dictionary(column)? else { return Ok(true) };
            let mut headers = (0..dictionary.len() as u32).filter_map(|code| dictionary.get(code));
            return Ok(headers.any(|value| test.in_header(header(value))));
        }
        let is_it = |key: &str| *key == *test.key;
        match &test.text {
            Some(text) => self.may_be_attribute(&is_it, text),
            None => Ok(!self.columns_of(&test.key).is_empty() || self.may_be_raw(&is_it)),
        }
    }
}

fn header_column(owner: Owner) -> Option<&'static str> {
    match owner {
        Owner::Record => None,
        Owner::Resource => Some(schema::RESOURCE),
        Owner::Scope => Some(schema::SCOPE),
    }
}
