//! Parts of encoded messages.

use std::borrow::Cow;

use otelier_wire::protobuf::{Value, fields};

/// The fields of this number that are messages or texts.
#[inline]
pub fn messages(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    fields(message).filter_map(move |field| match field.value {
        Value::Len(content) if field.number == number => Some(content),
        _ => None,
    })
}

/// The last one counts.
pub fn text_field(message: &[u8], number: u32) -> &[u8] {
    messages(message, number).last().unwrap_or_default()
}

/// A message that may be written in parts, which is how protobuf merges them.
pub fn merged(of: &[u8], number: u32) -> Cow<'_, [u8]> {
    let mut parts = messages(of, number);
    match (parts.next(), parts.next()) {
        (one, None) => Cow::Borrowed(one.unwrap_or_default()),
        _ => Cow::Owned(messages(of, number).collect::<Vec<_>>().concat()),
    }
}
