//! A row group of a segment of logs: its lines and times, page by page.

use std::ops::Range;

use otelier_wire::protobuf::{Value as Wire, fields};

use super::filter::{LineCondition, LogTest};
use super::select::LogTable;
use super::text::text_form;
use crate::error::ReadError;
use crate::filter::value::{Value, any_value};
use crate::reader::{Damage, Group, Values};
use crate::rows::Rows;
use crate::schema;

/// Field number of an encoded log record.
const BODY: u32 = 5;
/// Values of a dictionary that are judged before rows are.
const FEW: usize = 256;

pub struct GroupLogs<'a> {
    pub group: Group<'a>,
}

impl LogTable for GroupLogs<'_> {
    fn test(&mut self, test: &LogTest, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        match test {
            LogTest::Line(condition) => self.lines(condition, among, &mut found)?,
            LogTest::Label(label, condition) => {
                self.label(label, among, &mut |text| condition.holds(text), &mut |row, holds| {
                    if holds {
                        found.insert(row);
                    }
                })?;
            }
            LogTest::Severity(bound, wanted) => {
                let column = self.group.needed(schema::SEVERITY_NUMBER)?;
                let judge = &mut |value: Value| match value {
                    Value::Int(number) => Some(bound.admits(number as i64, *wanted)),
                    _ => Some(false),
                };
                self.decide(column, &mut among.clone(), judge, &mut |row, holds| {
                    if holds {
                        found.insert(row);
                    }
                })?;
            }
            LogTest::TraceId(id) => {
                let Some(column) = self.group.column(schema::TRACE_ID) else { return Ok(found) };
                let judge = &mut |value: Value| Some(header(value) == id);
                self.decide(column, &mut among.clone(), judge, &mut |row, holds| {
                    if holds {
                        found.insert(row);
                    }
                })?;
            }
            LogTest::Attribute(test) => self.attribute(test, among, &mut found)?,
        }
        Ok(found)
    }

    fn may_hold(&mut self, test: &LogTest) -> Result<bool, ReadError> {
        match test {
            LogTest::Line(condition) => {
                let words = self.group.file.words.0.get(self.group.number);
                Ok(words.is_none_or(|words| condition.entries().iter().all(|entry| words.may_hold(*entry))))
            }
            LogTest::Label(label, condition) => self.may_be_label(label, condition),
            LogTest::Severity(..) => Ok(true),
            LogTest::TraceId(id) => Ok(self.may_be_trace(id)),
            LogTest::Attribute(test) => self.may_have(test),
        }
    }
}

impl<'a> GroupLogs<'a> {
    pub fn new(group: Group<'a>) -> GroupLogs<'a> {
        GroupLogs { group }
    }

    /// The times by which these rows are sorted.
    pub fn times(&mut self, rows: &Range<usize>) -> Result<Vec<u64>, ReadError> {
        let mut times = self.moments(schema::TIME_NS, rows)?;
        if times.contains(&0) {
            let observed = self.moments(schema::OBSERVED_NS, rows)?;
            times
                .iter_mut()
                .zip(observed)
                .filter(|(time, _)| **time == 0)
                .for_each(|(time, observed)| *time = observed);
        }
        Ok(times)
    }

    /// Of a column in which all rows have a value.
    fn moments(&mut self, name: &'static str, rows: &Range<usize>) -> Result<Vec<u64>, ReadError> {
        let column = self.group.needed(name)?;
        let mut out = Vec::with_capacity(rows.len());
        for (number, page_rows) in self.group.pages_of(column, rows.clone())? {
            let page = self.group.page(column, number)?;
            let wanted = rows.start.max(page_rows.start)..rows.end.min(page_rows.end);
            let places = wanted.start - page_rows.start..wanted.end - page_rows.start;
            let values = page.all_values().map_err(|what| self.group.file.damaged(what))?;
            match &*values {
                Values::Int64(values) if places.end <= values.len() => {
                    out.extend(values[places].iter().map(|value| *value as u64));
                }
                _ => return Err(self.group.file.damaged("a record has no time")),
            }
        }
        Ok(out)
    }

    /// Hands each row of `among` its line.
    pub fn each_line(&mut self, among: &Rows, see: &mut dyn FnMut(usize, &[u8])) -> Result<(), ReadError> {
        let mut open = among.clone();
        if let Some(column) = self.group.column(schema::BODY) {
            let dictionary = self.group.dictionary(column)?;
            self.pages(column, &mut open, &mut |values, row, at| {
                if let Some(Value::Text(line)) = values.get(at, dictionary.as_deref()) {
                    see(row, line);
                }
                Ok(true)
            })?;
        }
        if let Some(rest) = self.group.column(schema::REST) {
            self.pages(rest, &mut open, &mut |values, row, at| {
                let body = values.get(at, None).and_then(|value| body_in(header(value)));
                if let Some(body) = body {
                    see(row, &text_form(any_value(body)));
                }
                Ok(body.is_some())
            })?;
        }
        open.iter().for_each(|row| see(row, b""));
        Ok(())
    }

    fn lines(&mut self, condition: &LineCondition, among: &Rows, found: &mut Rows) -> Result<(), ReadError> {
        let mut open = among.clone();
        if let Some(column) = self.group.column(schema::BODY) {
            if self.group.has_dictionary(column) {
                let judge = &mut |value: Value| Some(condition.holds(header(value)));
                self.decide(column, &mut open, judge, &mut |row, holds| {
                    if holds {
                        found.insert(row);
                    }
                })?;
            } else {
                self.texts(column, condition, &mut open, found)?;
            }
        }
        if let Some(rest) = self.group.column(schema::REST) {
            let judge =
                &mut |value: Value| body_in(header(value)).map(|body| condition.holds(&text_form(any_value(body))));
            self.decide(rest, &mut open, judge, &mut |row, holds| {
                if holds {
                    found.insert(row);
                }
            })?;
        }
        if condition.holds(b"") {
            found.add(&open);
        }
        Ok(())
    }

    /// Lines that lie behind one another in their pages: most pages have none that is meant, which one look at the
    /// whole page tells.
    fn texts(
        &mut self,
        column: usize,
        condition: &LineCondition,
        open: &mut Rows,
        found: &mut Rows,
    ) -> Result<(), ReadError> {
        let mut decided = Rows::none(open.len());
        for (number, rows) in self.group.pages_of(column, 0..self.group.rows)? {
            if !open.any_within(rows.clone()) {
                continue;
            }
            let page = self.group.page(column, number)?;
            let values = page.all_values().map_err(|what| self.group.file.damaged(what))?;
            let Values::Texts(texts) = &*values else {
                if page.is_empty() {
                    continue;
                }
                return Err(self.group.file.damaged("lines are no texts"));
            };
            let may_hold = condition.may_hold_in(texts.joined());
            for row in open.within(rows.clone()).filter(|row| page.has(row - rows.start)) {
                decided.insert(row);
                if may_hold && condition.holds(texts.get(page.rank(row - rows.start))) {
                    found.insert(row);
                }
            }
        }
        open.remove(&decided);
        Ok(())
    }

    /// Takes from `open` the rows for whose value the judge has a verdict, and hands them on with it.
    pub(super) fn decide<T: Copy>(
        &mut self,
        column: usize,
        open: &mut Rows,
        judge: &mut dyn FnMut(Value) -> Option<T>,
        put: &mut dyn FnMut(usize, T),
    ) -> Result<(), ReadError> {
        if self.group.chunk(column).empty {
            return Ok(());
        }
        let dictionary = self.group.dictionary(column)?;
        if let Some(dictionary) = dictionary.as_ref().filter(|dictionary| dictionary.len() <= FEW) {
            // Often none of them says anything: then no row is looked at.
            let mut values = (0..dictionary.len() as u32).filter_map(|code| dictionary.get(code));
            if values.all(|value| judge(value).is_none()) {
                return Ok(());
            }
        }
        let mut known: Vec<Option<Option<T>>> =
            vec![None; dictionary.as_ref().map_or(0, |dictionary| dictionary.len())];
        self.pages(column, open, &mut |values, row, at| {
            let verdict = match (values, &dictionary) {
                (Values::Codes(codes), Some(dictionary)) => {
                    let code = codes.get(at).copied().ok_or("a row has no code")?;
                    let value = dictionary.get(code).ok_or("a code stands for nothing")?;
                    *known[code as usize].get_or_insert_with(|| judge(value))
                }
                (values, _) => judge(values.get(at, None).ok_or("a row has no value")?),
            };
            verdict.into_iter().for_each(|verdict| put(row, verdict));
            Ok(verdict.is_some())
        })
    }

    /// Calls `see` with the open rows that have a value: its page's values, the row, and the value's place among them.
    /// True: it is no longer open.
    fn pages(
        &mut self,
        column: usize,
        open: &mut Rows,
        see: &mut dyn FnMut(&Values, usize, usize) -> Result<bool, Damage>,
    ) -> Result<(), ReadError> {
        let mut decided = Rows::none(open.len());
        for (number, rows) in self.group.pages_of(column, 0..self.group.rows)? {
            if !open.any_within(rows.clone()) {
                continue;
            }
            let page = self.group.page(column, number)?;
            if page.is_empty() {
                continue;
            }
            let damaged = |what| self.group.file.damaged(what);
            let values = page.all_values().map_err(damaged)?;
            for row in open.within(rows.clone()).filter(|row| page.has(row - rows.start)) {
                if see(&values, row, page.rank(row - rows.start)).map_err(damaged)? {
                    decided.insert(row);
                }
            }
        }
        open.remove(&decided);
        Ok(())
    }
}

/// The bytes of a text; none of other values.
pub fn header(value: Value<'_>) -> &[u8] {
    match value {
        Value::Text(bytes) => bytes,
        _ => &[],
    }
}

/// The body among fields that no column holds.
fn body_in(raw: &[u8]) -> Option<&[u8]> {
    fields(raw).find_map(|field| match field.value {
        Wire::Len(body) if field.number == BODY => Some(body),
        _ => None,
    })
}
