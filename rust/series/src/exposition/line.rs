//! One sample's line of the text formats, taken apart: key, value, time, exemplar.

use super::labels::{self, shortened};
use super::{Exemplar, Family, Pairs};

/// Prometheus's own pattern of a NaN, so that none is taken for a stale marker.
const NAN: u64 = 0x7ff8_0000_0000_0001;
const MS_MAX: f64 = 9.2e18;
/// Whole numbers of so many digits are floats without rounding.
const EXACT_DIGITS: usize = 15;

pub struct Line<'a> {
    pub key: &'a [u8],
    pub value: f64,
    pub ms: Option<i64>,
    pub exemplar: Option<Exemplar<'a>>,
}

/// `key`: how long the key is, if that is known.
pub fn split(line: &[u8], key: Option<usize>, open_metrics: bool) -> Result<Line<'_>, String> {
    let end = key.map_or_else(|| key_end(line), Ok)?;
    let rest = &line[end..];
    if !matches!(rest.first(), Some(b' ' | b'\t')) && !line[..end].ends_with(b"}") {
        return Err(format!("expected a value behind the name, got {:?}", lossy(rest)));
    }
    let (value, rest) = word(rest);
    if value.is_empty() {
        return Err("the value is missing".into());
    }
    let value = float(value)?;
    let (time, mut rest) = if open_metrics && blank(rest).starts_with(b"#") { (&b""[..], rest) } else { word(rest) };
    let ms = if time.is_empty() { None } else { Some(millis(time, open_metrics)?) };
    rest = blank(rest);
    let exemplar = match rest.first() {
        None => None,
        Some(b'#') if open_metrics => Some(exemplar(&rest[1..])?),
        Some(_) => return Err(format!("more than value and timestamp: {:?}", lossy(rest))),
    };
    Ok(Line { key: &line[..end], value, ms, exemplar })
}

/// Where the key ends: behind the closing brace, or behind the name.
fn key_end(line: &[u8]) -> Result<usize, String> {
    let plain = memchr::memchr3(b'{', b' ', b'\t', line).unwrap_or(line.len());
    check_name(&line[..plain])?;
    let brace = plain + line[plain..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
    if line.get(brace) != Some(&b'{') {
        return if plain == 0 { Err("a name is missing".into()) } else { Ok(plain) };
    }
    let mut at = brace + 1;
    loop {
        at += memchr::memchr2(b'"', b'}', &line[at..]).ok_or("`{` is not closed")?;
        if line[at] == b'}' {
            return Ok(at + 1);
        }
        at += 1;
        loop {
            at += memchr::memchr2(b'"', b'\\', &line[at..]).ok_or("a quote is not closed")?;
            if line[at] == b'"' {
                break;
            }
            at += 2;
            if at > line.len() {
                return Err("a quote is not closed".into());
            }
        }
        at += 1;
    }
}

fn check_name(name: &[u8]) -> Result<(), String> {
    let wrong = name.iter().position(|c| !(c.is_ascii_alphanumeric() || matches!(c, b'_' | b':')));
    if wrong.is_some() || name.first().is_some_and(u8::is_ascii_digit) {
        return Err(format!("{:?} is no name without quotes", lossy(name)));
    }
    Ok(())
}

fn exemplar(text: &[u8]) -> Result<Exemplar<'_>, String> {
    let text = blank(text);
    let end = key_end(text).ok().filter(|_| text.starts_with(b"{")).ok_or("an exemplar needs labels in braces")?;
    let inside = std::str::from_utf8(&text[1..end]).map_err(|_| "the exemplar is not UTF-8")?;
    let mut pairs = Pairs::new();
    labels::inside(inside, Family::default(), &mut pairs).map_err(|why| format!("exemplar: {why}"))?;
    let (value, rest) = word(&text[end..]);
    let (time, rest) = word(rest);
    if value.is_empty() || !blank(rest).is_empty() {
        return Err("an exemplar has labels, a value and maybe a timestamp".into());
    }
    let ms = if time.is_empty() { None } else { Some(millis(time, true)?) };
    Ok(Exemplar { labels: pairs, value: float(value)?, ms })
}

pub fn float(word: &[u8]) -> Result<f64, String> {
    if (1..=EXACT_DIGITS).contains(&word.len()) && word.iter().all(u8::is_ascii_digit) {
        return Ok(word.iter().fold(0, |number, digit| 10 * number + u64::from(digit - b'0')) as f64);
    }
    let text = std::str::from_utf8(word).unwrap_or_default();
    let value: f64 = text.parse().map_err(|_| format!("{:?} is no number", lossy(word)))?;
    Ok(if value.is_nan() { f64::from_bits(NAN) } else { value })
}

fn millis(word: &[u8], seconds: bool) -> Result<i64, String> {
    let text = std::str::from_utf8(word).unwrap_or_default();
    let wrong = || format!("{:?} is no timestamp", lossy(word));
    if !seconds {
        return text.parse().map_err(|_| wrong());
    }
    let ms = text.parse::<f64>().map_err(|_| wrong())? * 1000.0;
    if ms.is_finite() && ms.abs() < MS_MAX { Ok(ms as i64) } else { Err(wrong()) }
}

/// The next word behind blanks, and what follows it.
pub fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = blank(text);
    let end = memchr::memchr2(b' ', b'\t', text).unwrap_or(text.len());
    text.split_at(end)
}

pub fn blank(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|c| matches!(c, b' ' | b'\t')).count()..]
}

pub fn lossy(text: &[u8]) -> String {
    shortened(&String::from_utf8_lossy(text)).to_owned()
}
