//! What an edit can do to one message.

use otelier_wire::Any;
use regex::Regex;

use super::convert::{convert, hash, put_string};
use super::field;
use super::program::{ActionForm, Converted, How};
use crate::condition::{Compiler, Expression, Fault, Value, levels};
use crate::keys::KeyId;
use crate::level::{Field, Level};
use crate::pattern::{self, Template, replace_all};
use crate::scene::Scene;

pub enum Action {
    Set(KeyId, How, Expression),
    Copy(KeyId, How, KeyId),
    SetField(Field, Expression),
    Delete(KeyId),
    /// Deletes keys by whether they match.
    DeleteWhere(Pattern, bool),
    KeepKeys(Vec<KeyId>),
    Limit(usize, Vec<KeyId>),
    TruncateAll(usize, bool),
    Hash(KeyId),
    HashMatching(Pattern),
    /// The groups' keys, by their number.
    Extract(KeyId, Regex, Vec<KeyId>),
    Convert(KeyId, Converted),
    Replace(KeyId, Regex, Template),
    ReplaceAll(Regex, Template),
    Remove,
}

/// A regular expression about keys, whose answers are kept.
pub struct Pattern {
    regex: Regex,
    memo: usize,
}

impl Pattern {
    fn matches(&self, scene: &Scene, key: &[u8]) -> bool {
        let ask = || std::str::from_utf8(key).is_ok_and(|key| self.regex.is_match(key));
        scene.remembered(self.memo, key, ask)
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Stays,
    Goes,
}

/// All levels that an action looks at, besides its own attributes.
pub fn reads(form: &ActionForm, found: &mut Vec<Level>) {
    if let ActionForm::Set { value, .. } | ActionForm::SetField { value, .. } = form {
        levels(value, found);
    }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    pattern::compile(pattern).map_err(|error| format!("{pattern:?}: {error}"))
}

impl Action {
    pub fn new(compiler: &mut Compiler, level: Level, form: &ActionForm) -> Result<Action, String> {
        let all = |compiler: &mut Compiler| compiler.needs.all[level as usize] = true;
        let about_keys = |compiler: &mut Compiler, text: &str| {
            all(compiler);
            compiler.needs.memos += 1;
            regex(text).map(|regex| Pattern { regex, memo: compiler.needs.memos - 1 })
        };
        let keys = |compiler: &mut Compiler, keys: &[String]| {
            all(compiler);
            keys.iter().map(|key| compiler.key(level, key)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match form {
            ActionForm::Set { key, how, value } => {
                Action::Set(compiler.key(level, key)?, *how, compiler.expression(value)?)
            }
            ActionForm::Copy { key, how, from } => {
                Action::Copy(compiler.key(level, key)?, *how, compiler.key(level, from)?)
            }
            ActionForm::SetField { field, value } => Action::SetField(
                compiler.field(level, field).and_then(|found| field::writable(found, field))?,
                compiler.expression(value)?,
            ),
            ActionForm::Delete { key } => Action::Delete(compiler.key(level, key)?),
            ActionForm::DeleteMatching { pattern } => Action::DeleteWhere(about_keys(compiler, pattern)?, true),
            ActionForm::KeepMatching { pattern } => Action::DeleteWhere(about_keys(compiler, pattern)?, false),
            ActionForm::KeepKeys { keys: kept } => Action::KeepKeys(keys(compiler, kept)?),
            ActionForm::Limit { limit, priority } => Action::Limit(*limit, keys(compiler, priority)?),
            ActionForm::TruncateAll { limit, utf8_safe } => {
                let longest = &mut compiler.needs.longest[level as usize];
                *longest = Some(longest.unwrap_or(*limit).min(*limit));
                Action::TruncateAll(*limit, *utf8_safe)
            }
            ActionForm::Hash { key } => Action::Hash(compiler.key(level, key)?),
            ActionForm::HashMatching { pattern } => Action::HashMatching(about_keys(compiler, pattern)?),
            ActionForm::Extract { key, pattern } => {
                let regex = regex(pattern)?;
                let unnamed = || format!("{pattern:?}: every group must have a name, (?P<name>…)");
                let names = regex.capture_names().skip(1).map(|name| name.ok_or_else(unnamed));
                let names = names.collect::<Result<Vec<_>, _>>()?;
                if names.is_empty() {
                    return Err(format!("{pattern:?}: there is no group to extract, (?P<name>…)"));
                }
                let targets = names.into_iter().map(|name| compiler.key(level, name)).collect::<Result<_, _>>()?;
                Action::Extract(compiler.key(level, key)?, regex, targets)
            }
            ActionForm::Convert { key, to } => Action::Convert(compiler.key(level, key)?, *to),
            ActionForm::Replace { key, pattern, with } => {
                let regex = regex(pattern)?;
                let template = Template::new(with, &regex);
                Action::Replace(compiler.key(level, key)?, regex, template)
            }
            ActionForm::ReplaceAll { pattern, with } => {
                all(compiler);
                let regex = regex(pattern)?;
                let template = Template::new(with, &regex);
                Action::ReplaceAll(regex, template)
            }
            ActionForm::Remove => Action::Remove,
        })
    }

    /// Edits the record of `level`; `made` is scratch.
    pub fn run(&self, scene: &mut Scene, level: Level, made: &mut Vec<u8>) -> Result<Fate, Fault> {
        made.clear();
        let mut message = Message { scene, level: level as usize };
        match self {
            Action::Set(key, how, value) => {
                if message.open(*key, *how) {
                    let value = value.value(message.scene)?;
                    if value != Value::Nil {
                        value.put(made)?;
                        message.put(*key, made);
                    }
                }
            }
            Action::Copy(key, how, from) => {
                if message.open(*key, *how)
                    && let Some(slot) = message.find(*from)
                {
                    made.extend_from_slice(message.encoded(slot));
                    message.put(*key, made);
                }
            }
            Action::SetField(field, value) => {
                let value = value.value(message.scene)?;
                if value != Value::Nil {
                    let number = field::encode(*field, &value, message.scene, level, made)?;
                    message.scene.records[level as usize].set_field(number, made);
                }
            }
            Action::Delete(key) => message.delete(*key),
            Action::DeleteWhere(pattern, matching) => {
                message.retain(|message, slot| pattern.matches(message.scene, message.key(slot)) != *matching);
            }
            Action::KeepKeys(keys) => {
                message.retain(|message, slot| message.id(slot).is_some_and(|id| keys.contains(&id)));
            }
            Action::Limit(limit, priority) => message.limit(*limit, priority),
            Action::TruncateAll(limit, utf8_safe) => {
                message.rewrite_strings(made, |text, made| {
                    let long = text.len() > *limit;
                    if long {
                        put_string(truncated(text, *limit, *utf8_safe), made);
                    }
                    long
                });
            }
            Action::Hash(key) => {
                if let Some(slot) = message.find(*key) {
                    hash(message.value(slot), made);
                    message.replace(slot, made);
                }
            }
            Action::HashMatching(pattern) => {
                let mut at = 0;
                while let Some(slot) = message.next(at) {
                    if pattern.matches(message.scene, message.key(slot)) {
                        made.clear();
                        hash(message.value(slot), made);
                        message.replace(slot, made);
                    }
                    at = slot + 1;
                }
            }
            Action::Extract(key, regex, targets) => message.extract(*key, regex, targets, made),
            Action::Convert(key, to) => {
                if let Some(slot) = message.find(*key)
                    && convert(message.value(slot), *to, made)
                {
                    message.replace(slot, made);
                }
            }
            Action::Replace(key, regex, template) => {
                if let Some(slot) = message.find(*key)
                    && let Any::Str(text) = message.value(slot)
                    && replaced(regex, template, text, made)
                {
                    message.replace(slot, made);
                }
            }
            Action::ReplaceAll(regex, template) => {
                message.rewrite_strings(made, |text, made| replaced(regex, template, text, made));
            }
            Action::Remove => return Ok(Fate::Goes),
        }
        Ok(Fate::Stays)
    }
}

fn replaced(regex: &Regex, template: &Template, text: &[u8], made: &mut Vec<u8>) -> bool {
    let new = std::str::from_utf8(text).ok().and_then(|text| replace_all(regex, template, text));
    match new {
        Some(new) => {
            put_string(new.as_bytes(), made);
            true
        }
        None => false,
    }
}

/// `text` is longer than `limit`.
fn truncated(text: &[u8], limit: usize, utf8_safe: bool) -> &[u8] {
    let mut end = limit;
    while utf8_safe && end > 0 && text[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    &text[..end]
}

/// The attributes of the scene's message at one level.
struct Message<'a, 's> {
    scene: &'a mut Scene<'s>,
    level: usize,
}

impl Message<'_, '_> {
    fn find(&self, key: KeyId) -> Option<usize> {
        self.scene.records[self.level].find(key)
    }

    fn next(&self, from: usize) -> Option<usize> {
        self.scene.records[self.level].next_slot(from)
    }

    fn key(&self, slot: usize) -> &[u8] {
        self.scene.records[self.level].key(self.scene.source, slot)
    }

    fn id(&self, slot: usize) -> Option<KeyId> {
        self.scene.records[self.level].id(slot)
    }

    fn encoded(&self, slot: usize) -> &[u8] {
        self.scene.records[self.level].value(self.scene.source, slot)
    }

    fn value(&self, slot: usize) -> Any<'_> {
        Any::read(self.encoded(slot))
    }

    fn replace(&mut self, slot: usize, value: &[u8]) {
        self.scene.records[self.level].replace(slot, value);
    }

    /// Whether the attribute may be set.
    fn open(&self, key: KeyId, how: How) -> bool {
        match how {
            How::Upsert => true,
            How::Insert => self.find(key).is_none(),
            How::Update => self.find(key).is_some(),
        }
    }

    fn put(&mut self, key: KeyId, value: &[u8]) {
        match self.find(key) {
            Some(slot) => self.replace(slot, value),
            None => self.scene.records[self.level].insert(&self.scene.needs.keys[self.level], key, value),
        }
    }

    fn delete(&mut self, key: KeyId) {
        if let Some(slot) = self.find(key) {
            self.scene.records[self.level].delete(slot);
        }
    }

    fn retain(&mut self, stays: impl Fn(&Self, usize) -> bool) {
        let mut at = 0;
        while let Some(slot) = self.next(at) {
            if !stays(self, slot) {
                self.scene.records[self.level].delete(slot);
            }
            at = slot + 1;
        }
    }

    /// Puts what `new` makes of each string in its place, if it says so.
    fn rewrite_strings(&mut self, made: &mut Vec<u8>, new: impl Fn(&[u8], &mut Vec<u8>) -> bool) {
        let mut at = 0;
        while let Some(slot) = self.next(at) {
            made.clear();
            if let Any::Str(text) = self.value(slot)
                && new(text, made)
            {
                self.replace(slot, made);
            }
            at = slot + 1;
        }
    }

    fn limit(&mut self, limit: usize, priority: &[KeyId]) {
        let mut count = 0;
        let mut at = 0;
        while let Some(slot) = self.next(at) {
            count += 1;
            at = slot + 1;
        }
        if count <= limit {
            return;
        }
        let first = |id: Option<KeyId>| id.is_some_and(|id| priority.contains(&id));
        let mut kept = priority.iter().filter(|key| self.find(**key).is_some()).count();
        at = 0;
        while let Some(slot) = self.next(at) {
            if !first(self.id(slot)) {
                if kept < limit {
                    kept += 1;
                } else {
                    self.scene.records[self.level].delete(slot);
                }
            }
            at = slot + 1;
        }
    }

    fn extract(&mut self, key: KeyId, regex: &Regex, targets: &[KeyId], made: &mut Vec<u8>) {
        let Some(Any::Str(text)) = self.find(key).map(|slot| self.value(slot)) else { return };
        let Ok(text) = std::str::from_utf8(text) else { return };
        let Some(captures) = regex.captures(text) else { return };
        let groups =
            (1..captures.len()).map(|group| captures.get(group).map_or("", |found| found.as_str()).to_string());
        let groups: Vec<String> = groups.collect();
        for (target, group) in targets.iter().zip(groups) {
            made.clear();
            put_string(group.as_bytes(), made);
            self.put(*target, made);
        }
    }
}
