//! The key of a series in the text formats, decoded: `name{a="b",…}` or `{"name",a="b"}`.

use std::borrow::Cow;

use super::{Family, Kind, Pairs, go_float};

const NAME: &str = "__name__";

/// Decode a key; `family` says whether `le` and `quantile` are numbers to be written one way.
pub fn decode<'a>(key: &'a [u8], family: Family<'_>) -> Result<Pairs<'a>, String> {
    let key = std::str::from_utf8(key).map_err(|_| "the series is not UTF-8".to_owned())?;
    let mut pairs = Pairs::with_capacity(8);
    let brace = key.find('{').unwrap_or(key.len());
    let name = key[..brace].trim_end_matches([' ', '\t']);
    if !name.is_empty() {
        pairs.push((NAME.into(), name.into()));
    }
    if brace < key.len() {
        inside(&key[brace + 1..], family, &mut pairs)?;
    }
    if pairs.first().is_none_or(|(first, value)| first != NAME || value.is_empty()) {
        return Err("the series has no name".into());
    }
    Ok(pairs)
}

/// Labels up to the closing brace, which ends the text.
pub fn inside<'a>(text: &'a str, family: Family<'_>, pairs: &mut Pairs<'a>) -> Result<(), String> {
    let mut rest = blank(text);
    while !rest.starts_with('}') {
        let (name, quoted, after) = name(rest)?;
        rest = blank(after);
        if let Some(after) = rest.strip_prefix('=') {
            let (value, after) =
                quoted_text(blank(after)).ok_or_else(|| format!("label {name:?} needs a value in double quotes"))?;
            rest = blank(after);
            let value = bound(&name, value, family);
            if pairs.iter().any(|(each, _)| *each == name) {
                return Err(format!("label {name:?} is given twice"));
            }
            // One without a value is one that is not there.
            if !value.is_empty() {
                pairs.push((name, value));
            }
        } else if quoted && !pairs.iter().any(|(each, _)| each == NAME) {
            pairs.insert(0, (NAME.into(), name));
        } else {
            return Err(format!("label {name:?} needs `=` and a value"));
        }
        if let Some(after) = rest.strip_prefix(',') {
            rest = blank(after);
        } else if !rest.starts_with('}') {
            return Err(format!("expected `,` or `}}` before {:?}", shortened(rest)));
        }
    }
    Ok(())
}

fn name(text: &str) -> Result<(Cow<'_, str>, bool, &str), String> {
    if text.starts_with('"') {
        let (name, rest) = quoted_text(text).ok_or("a quote is not closed")?;
        return if name.is_empty() { Err("a label name is empty".into()) } else { Ok((name, true, rest)) };
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if end == 0 || text.as_bytes()[0].is_ascii_digit() {
        return Err(format!("expected a label name before {:?}", shortened(text)));
    }
    Ok((text[..end].into(), false, &text[end..]))
}

/// What stands between double quotes, meant, and what follows.
fn quoted_text(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inside = text.strip_prefix('"')?;
    let first = memchr::memchr2(b'"', b'\\', inside.as_bytes())?;
    if inside.as_bytes()[first] == b'"' {
        return Some((inside[..first].into(), &inside[first + 1..]));
    }
    let mut meant = String::with_capacity(inside.len());
    let mut at = 0;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', &inside.as_bytes()[at..])?;
        meant.push_str(&inside[at..found]);
        if inside.as_bytes()[found] == b'"' {
            return Some((meant.into(), &inside[found + 1..]));
        }
        at = found + 2;
        match inside.as_bytes().get(found + 1)? {
            b'n' => meant.push('\n'),
            b'"' => meant.push('"'),
            b'\\' => meant.push('\\'),
            // Other escapes are none.
            _ => {
                meant.push('\\');
                at = found + 1;
            }
        }
    }
}

/// `le="1"` and `le="1.0"` are one bucket.
fn bound<'a>(name: &str, value: Cow<'a, str>, family: Family<'_>) -> Cow<'a, str> {
    let number = match (family.kind, name) {
        (Kind::Histogram, "le") | (Kind::Summary, "quantile") => value.parse::<f64>().ok(),
        _ => None,
    };
    match number.map(go_float::open_metrics) {
        Some(text) if text != value => text.into(),
        _ => value,
    }
}

fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

pub fn shortened(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(at, _)| &text[..at])
}
