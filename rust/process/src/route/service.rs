//! The service of a resource, as text.

use std::borrow::Cow;

use otelier_wire::any::attribute;

use super::ToText;

/// The value of `service.name`; empty where there is none.
pub fn name(resource: &[u8], to_text: ToText) -> Cow<'_, [u8]> {
    attribute(resource, 1, b"service.name").map_or(Cow::Borrowed(&[]), |value| to_text(&value))
}
