//! Values of attributes as text, the same for the same value.

use std::borrow::Cow;

use otelier_wire::Any;

/// Strings as they are, anything else as nothing.
pub fn if_string<'a>(value: &Any<'a>) -> Cow<'a, [u8]> {
    match *value {
        Any::Str(text) => Cow::Borrowed(text),
        _ => Cow::Borrowed(&[]),
    }
}

/// Strings as they are, numbers and booleans as one writes them; bytes, lists and maps as they are encoded.
pub fn of<'a>(value: &Any<'a>) -> Cow<'a, [u8]> {
    match *value {
        Any::Empty => Cow::Borrowed(&[]),
        Any::Str(bytes) | Any::Bytes(bytes) | Any::List(bytes) | Any::Map(bytes) => Cow::Borrowed(bytes),
        Any::Bool(yes) => Cow::Borrowed(if yes { b"true" } else { b"false" }),
        Any::Int(int) => Cow::Owned(int.to_string().into_bytes()),
        Any::Double(double) => Cow::Owned(double.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_people_write_it() {
        let values = [Any::Empty, Any::Str(b"a"), Any::Bool(true), Any::Int(-7), Any::Double(1.5), Any::Double(2.0)];
        let texts: Vec<_> = values.iter().map(|value| String::from_utf8(of(value).into_owned()).unwrap()).collect();
        assert_eq!(texts, ["", "a", "true", "-7", "1.5", "2"]);
    }
}
