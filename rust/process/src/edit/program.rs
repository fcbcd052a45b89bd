//! Edits as Python writes them, in JSON.

use serde::Deserialize;

use crate::condition::{Form, OnError};
use crate::level::Level;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    pub signal: String,
    pub steps: Vec<StepForm>,
}

/// Actions at one level, in order, for each message of which `when` is true at the beginning.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepForm {
    pub level: Level,
    pub when: Option<Form>,
    /// So many steps behind this one, at the same level, are passed over for messages of which `when` is not true.
    pub guards: usize,
    pub on_error: OnError,
    pub actions: Vec<ActionForm>,
}

/// When an attribute is set: if it isn't there, if it is there, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Insert,
    Update,
    Upsert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Converted {
    Int,
    Double,
    String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionForm {
    /// Nil sets nothing.
    Set {
        key: String,
        how: How,
        value: Form,
    },
    /// The value of another attribute, if it is there.
    Copy {
        key: String,
        how: How,
        from: String,
    },
    SetField {
        field: String,
        value: Form,
    },
    Delete {
        key: String,
    },
    DeleteMatching {
        pattern: String,
    },
    KeepMatching {
        pattern: String,
    },
    KeepKeys {
        keys: Vec<String>,
    },
    /// Keeps so many attributes, first those of `priority`.
    Limit {
        limit: usize,
        priority: Vec<String>,
    },
    /// Cuts strings to so many bytes; not within a character, if `utf8_safe`.
    TruncateAll {
        limit: usize,
        utf8_safe: bool,
    },
    Hash {
        key: String,
    },
    HashMatching {
        pattern: String,
    },
    /// Every named group becomes an attribute.
    Extract {
        key: String,
        pattern: String,
    },
    Convert {
        key: String,
        to: Converted,
    },
    /// All matches within the string.
    Replace {
        key: String,
        pattern: String,
        with: String,
    },
    ReplaceAll {
        pattern: String,
        with: String,
    },
    /// Leave the message out, and whatever is left empty.
    Remove,
}
