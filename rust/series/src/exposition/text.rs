//! The text formats, line by line: Prometheus's 0.0.4 and 1.0.0, and OpenMetrics.

use std::borrow::Cow;

use super::line::{self, blank, lossy, word};
use super::{Error, Family, Kind, Sample, Sink, Value, labels};

/// All of an answer; `open_metrics`: exemplars, timestamps in seconds, `# UNIT`, and `# EOF` at the end.
pub fn parse(body: &[u8], open_metrics: bool, sink: &mut impl Sink) -> Result<(), Error> {
    let end = part(body, open_metrics, Family::default(), sink)?;
    if open_metrics && !end.ended {
        return Err(Error { line: end.lines, what: "the answer does not end with `# EOF`: was it cut off?".into() });
    }
    Ok(())
}

/// Where a part of a text ends.
pub struct End<'a> {
    pub lines: usize,
    /// The one that goes on in the next part.
    pub family: Family<'a>,
    /// Whether `# EOF` was there.
    pub ended: bool,
}

/// Whole lines; `family`: what the part before ended in.
pub fn part<'a>(
    body: &'a [u8],
    open_metrics: bool,
    family: Family<'a>,
    sink: &mut impl Sink,
) -> Result<End<'a>, Error> {
    let mut parser = Parser { open_metrics, sink, family, ended: false };
    let mut rest = body;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        parser.line(&rest[..end]).map_err(|what| Error { line: number, what })?;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(End { lines: number, family: parser.family, ended: parser.ended })
}

struct Parser<'a, 's, S> {
    open_metrics: bool,
    sink: &'s mut S,
    family: Family<'a>,
    ended: bool,
}

impl<'a, S: Sink> Parser<'a, '_, S> {
    fn line(&mut self, whole: &'a [u8]) -> Result<(), String> {
        if self.ended {
            return Err("there is more behind `# EOF`".into());
        }
        let line = if self.open_metrics { whole } else { blank(whole) };
        match line.first() {
            None if self.open_metrics => Err("an empty line".into()),
            None => Ok(()),
            Some(b'#') => self.comment(line),
            Some(_) => self.sample(line),
        }
    }

    fn sample(&mut self, line: &'a [u8]) -> Result<(), String> {
        let found = line::split(line, self.sink.expected(line), self.open_metrics)?;
        let family = self.family;
        let sample = Sample {
            key: found.key,
            value: Value::Float(found.value),
            ms: found.ms,
            exemplars: found.exemplar.into_iter().collect(),
            created_ms: None,
            family,
        };
        self.sink.sample(sample, &mut || labels::decode(found.key, family))
    }

    fn comment(&mut self, line: &'a [u8]) -> Result<(), String> {
        if self.open_metrics && line == b"# EOF" {
            self.ended = true;
            return Ok(());
        }
        let (what, rest) = word(&line[1..]);
        match what {
            b"TYPE" => {
                let (name, rest) = family_name(rest)?;
                let kind = blank(rest);
                let kind = kind.strip_suffix(b"\r").unwrap_or(kind);
                let kind = Kind::named(kind).ok_or_else(|| format!("{:?} is no type of a metric", lossy(kind)))?;
                self.family = Family { name, kind };
                self.sink.kind(name, kind);
            }
            b"HELP" => {
                let (name, rest) = family_name(rest)?;
                let text = std::str::from_utf8(blank(rest)).map_err(|_| "the help text is not UTF-8")?;
                if self.family.name != name {
                    self.family = Family { name, kind: Kind::Unknown };
                }
                self.sink.help(name, meant(text, self.open_metrics));
            }
            b"UNIT" if self.open_metrics => {
                let (name, rest) = family_name(rest)?;
                let unit = blank(rest);
                if !unit.is_empty() && !name.strip_suffix(unit).is_some_and(|before| before.ends_with(b"_")) {
                    return Err(format!("the unit {:?} must be the end of the name {:?}", lossy(unit), lossy(name)));
                }
                self.sink.unit(name, unit);
            }
            _ if self.open_metrics => {
                return Err(format!("only # HELP, # TYPE, # UNIT and # EOF are possible, got {:?}", lossy(line)));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The name, maybe in quotes, and what follows.
fn family_name(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let text = blank(text);
    if let Some(inside) = text.strip_prefix(b"\"") {
        // A name with escapes inside is kept as it is written: it then belongs to no sample, and that is all.
        let end = memchr::memchr(b'"', inside).ok_or("a quote is not closed")?;
        return Ok((&inside[..end], &inside[end + 1..]));
    }
    let (name, rest) = word(text);
    if name.is_empty() { Err("a name is missing".into()) } else { Ok((name, rest)) }
}

/// Help text without its escapes.
fn meant(text: &str, quotes: bool) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('\\') => out.push('\\'),
            Some('"') if quotes => out.push('"'),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out.into()
}
