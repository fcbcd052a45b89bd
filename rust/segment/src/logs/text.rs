//! Values as text.

use std::borrow::Cow;

use crate::filter::number::double_text;
use crate::filter::value::{Value, text_of};

pub type Text<'a> = Cow<'a, [u8]>;

/// Numbers in their shortest form, lists and maps as JSON, bytes in base64.
pub fn text_form(value: Value<'_>) -> Text<'_> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Int(int) => Cow::Owned(int.to_string().into_bytes()),
        Value::Double(double) => Cow::Owned(double_text(double).into_bytes()),
        Value::Bool(true) => Cow::Borrowed(b"true"),
        Value::Bool(false) => Cow::Borrowed(b"false"),
        Value::Other(any) => Cow::Owned(text_of(any).into_bytes()),
    }
}
