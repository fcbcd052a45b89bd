//! The keys of a chunk's attributes.

use std::collections::BTreeSet;

use hashbrown::HashSet;

use super::chunk::Chunk;
use crate::error::ReadError;
use crate::filter::value::{Value, any_value, each_message, pair_of};
use crate::rows::Rows;
use crate::spans::TagName;

const SCOPES: [&str; 5] = ["span", "resource", "scope", "event", "link"];
const TYPES: [&str; 5] = ["string", "int", "double", "bool", "other"];

/// Keys by scope and type.
type Seen = [[HashSet<Vec<u8>>; 5]; 5];

impl Chunk {
    /// Scope, key and type of the attributes.
    pub fn names(&self) -> Result<&BTreeSet<TagName>, ReadError> {
        if let Some(names) = self.index.names.get() {
            return Ok(names);
        }
        let mut seen = Seen::default();
        for shape in &self.shapes {
            each_message(&shape.resource, 1, &mut |message| see(&mut seen[1], message, 1));
            each_message(&shape.scope, 1, &mut |message| see(&mut seen[2], message, 3));
        }
        self.each_item(&Rows::all(self.rows()), &|_| true, &mut |_, span| {
            see(&mut seen[0], span, 9);
            each_message(span, 11, &mut |event| see(&mut seen[3], event, 3));
            each_message(span, 13, &mut |link| see(&mut seen[4], link, 4));
        })?;
        let mut names = BTreeSet::new();
        for (scope, types) in SCOPES.into_iter().zip(seen) {
            for (of, keys) in TYPES.into_iter().zip(types) {
                let text = |key: Vec<u8>| String::from_utf8_lossy(&key).into_owned();
                names.extend(keys.into_iter().map(|key| (scope.to_owned(), text(key), of.to_owned())));
            }
        }
        Ok(self.index.names.get_or_init(|| names))
    }
}

/// Notes the keys of a message's attributes. Always false: there is more to see.
fn see(seen: &mut [HashSet<Vec<u8>>; 5], message: &[u8], number: u32) -> bool {
    each_message(message, number, &mut |pair| {
        let (key, value) = pair_of(pair);
        let of = match any_value(value) {
            Value::Text(_) => 0,
            Value::Int(_) => 1,
            Value::Double(_) => 2,
            Value::Bool(_) => 3,
            Value::Other(_) => 4,
        };
        if !seen[of].contains(key) {
            seen[of].insert(key.to_vec());
        }
        false
    })
}
