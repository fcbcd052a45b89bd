//! A row group of a segment of logs: its labels, lines and times, page by page.

use std::ops::Range;

use otelier_wire::protobuf::{Value as Wire, fields};

use super::filter::{LineCondition, LogTest, TextCondition};
use super::labels::{Label, Own, level};
use super::select::LogTable;
use super::text::text_form;
use crate::error::ReadError;
use crate::filter::value::{Value, any_value, hex};
use crate::index::{exists_hash, pair_hash};
use crate::reader::{Damage, Group, Values};
use crate::rows::Rows;
use crate::schema;

/// Field numbers of an encoded log record.
const BODY: u32 = 5;
const ATTRIBUTES: u32 = 6;
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
        for key in self.keys(label) {
            if open.is_empty() {
                return Ok(());
            }
            for column in self.columns_of(&key) {
                self.decide(column, &mut open, &mut |value| Some(judge(&text_form(value))), put)?;
            }
        }
        if self.may_be_raw(label)
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
    fn decide<T: Copy>(
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

    /// Keys of attributes that a label stands for, in order.
    fn keys(&self, label: &Label) -> Vec<String> {
        let keys = self.group.columns().iter().filter_map(|column| schema::attribute_of_column(&column.name));
        let mut keys: Vec<String> =
            keys.filter(|(_, key)| label.is_of(key.as_bytes())).map(|(_, key)| key.to_owned()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn columns_of(&self, key: &str) -> Vec<usize> {
        let columns = self.group.columns().iter().enumerate();
        columns
            .filter(|(at, column)| {
                !self.group.chunk(*at).empty
                    && schema::attribute_of_column(&column.name).is_some_and(|(_, known)| known == key)
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether attributes without a column may be of this label.
    fn may_be_raw(&self, label: &Label) -> bool {
        let summary = &self.group.file.summary;
        let Some(filter) = self.group.file.filters.0.get(self.group.number) else { return true };
        let mut keys = summary.keys.iter().filter(|key| label.is_of(key.key.as_bytes()));
        summary.keys_left_out > 0 || keys.any(|key| filter.may_hold(exists_hash(key.key.as_bytes())))
    }

    fn may_be_label(&mut self, label: &Label, condition: &TextCondition) -> Result<bool, ReadError> {
        if condition.holds(b"") {
            return Ok(true);
        }
        let resource = self.group.needed(schema::RESOURCE)?;
        if let Some(dictionary) = self.group.dictionary(resource)? {
            let headers = (0..dictionary.len() as u32).filter_map(|code| dictionary.get(code));
            let verdicts = headers.map(|value| label.of_resource(header(value), |text| condition.holds(text)));
            let verdicts: Vec<Option<bool>> = verdicts.collect();
            if verdicts.contains(&Some(true)) {
                return Ok(true);
            }
            if !verdicts.contains(&None) {
                return Ok(false);
            }
        }
        self.may_be_own(label, condition)
    }

    /// Whether records that the resource says nothing about may have a text of a label.
    fn may_be_own(&mut self, label: &Label, condition: &TextCondition) -> Result<bool, ReadError> {
        let TextCondition::Equal(text) = condition else { return Ok(true) };
        match label.own {
            Own::TraceId => {
                let id = std::str::from_utf8(text).ok().and_then(|text| u128::from_str_radix(text, 16).ok());
                let group = &self.group.file.summary.row_groups[self.group.number];
                let rows = group.first_row..group.first_row + group.rows;
                let own = id.is_some_and(|id| {
                    let runs = self.group.file.traces.find(&id.to_be_bytes());
                    runs.iter().any(|run| rows.contains(&u64::from(run.first_row)))
                });
                Ok(own || self.may_be_attribute(label, text)?)
            }
            Own::Nothing => {
                let scope = self.group.needed(schema::SCOPE)?;
                let Some(dictionary) = self.group.dictionary(scope)? else { return Ok(true) };
                let mut headers = (0..dictionary.len() as u32).filter_map(|code| dictionary.get(code));
                let in_scope =
                    headers.any(|value| label.of_scope(header(value), |found| *found == **text) == Some(true));
                Ok(in_scope || self.may_be_attribute(label, text)?)
            }
            _ => Ok(true),
        }
    }

    fn may_be_attribute(&mut self, label: &Label, text: &[u8]) -> Result<bool, ReadError> {
        for key in self.keys(label) {
            for column in self.columns_of(&key) {
                if !self.group.is_text(column) || self.group.may_hold(column, text)? {
                    return Ok(true);
                }
            }
        }
        let Some(filter) = self.group.file.filters.0.get(self.group.number) else { return Ok(true) };
        let summary = &self.group.file.summary;
        let mut keys = summary.keys.iter().filter(|key| label.is_of(key.key.as_bytes()));
        let in_rest = summary.keys_left_out > 0
            || keys.any(|key| {
                let key = key.key.as_bytes();
                // What has no short text, such as a list, is known by its key only.
                filter.may_hold(pair_hash(key, text)) || (filter.may_hold(exists_hash(key)) && is_structure(text))
            });
        Ok(in_rest)
    }
}

/// Whether a text may be that of a list, a map, bytes, or of a number in another form than the filter has it.
fn is_structure(text: &[u8]) -> bool {
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let number = || std::str::from_utf8(text).is_ok_and(|text| text.parse::<f64>().is_ok());
    matches!(text.first(), None | Some(b'[' | b'{'))
        || (text.len().is_multiple_of(4) && text.iter().all(base64))
        || number()
}

fn header(value: Value<'_>) -> &[u8] {
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
