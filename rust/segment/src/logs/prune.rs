//! What indexes and dictionaries say of a label, before rows are looked at.

use super::filter::TextCondition;
use super::group::{GroupLogs, header};
use super::labels::{Label, Own};
use crate::error::ReadError;
use crate::index::{exists_hash, pair_hash};
use crate::schema;

impl GroupLogs<'_> {
    pub(super) fn may_be_label(&mut self, label: &Label, condition: &TextCondition) -> Result<bool, ReadError> {
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
        let is_meant = |key: &str| label.is_of(key.as_bytes());
        match label.own {
            Own::TraceId => {
                let id = std::str::from_utf8(text).ok().and_then(|text| u128::from_str_radix(text, 16).ok());
                let own = id.is_some_and(|id| self.may_be_trace(&id.to_be_bytes()));
                Ok(own || self.may_be_attribute(&is_meant, text)?)
            }
            Own::Nothing => {
                let scope = self.group.needed(schema::SCOPE)?;
                let Some(dictionary) = self.group.dictionary(scope)? else { return Ok(true) };
                let mut headers = (0..dictionary.len() as u32).filter_map(|code| dictionary.get(code));
                let in_scope =
                    headers.any(|value| label.of_scope(header(value), |found| *found == **text) == Some(true));
                Ok(in_scope || self.may_be_attribute(&is_meant, text)?)
            }
            _ => Ok(true),
        }
    }

    /// Whether records of a trace may be in the row group.
    pub(super) fn may_be_trace(&self, id: &[u8; 16]) -> bool {
        let group = &self.group.file.summary.row_groups[self.group.number];
        let rows = group.first_row..group.first_row + group.rows;
        self.group.file.traces.find(id).iter().any(|run| rows.contains(&u64::from(run.first_row)))
    }

    /// Whether records may have an attribute with this text whose key is meant.
    pub(super) fn may_be_attribute(&mut self, is_meant: &dyn Fn(&str) -> bool, text: &[u8]) -> Result<bool, ReadError> {
        for key in self.keys(is_meant) {
            for column in self.columns_of(&key) {
                if self.group.may_hold(column, text)? {
                    return Ok(true);
                }
            }
        }
        let Some(filter) = self.group.file.filters.0.get(self.group.number) else { return Ok(true) };
        let summary = &self.group.file.summary;
        let mut keys = summary.keys.iter().filter(|key| is_meant(&key.key));
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
