//! Regular expressions as the Collector has them: RE2's syntax and semantics, Go's templates for replacements.

use std::fmt;

use regex::{Captures, Regex};

use crate::re2;

/// Why a pattern can't be used.
#[derive(Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Character of the pattern, counted from 0.
    pub position: usize,
    pub reason: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {})", self.reason, self.position)
    }
}

impl std::error::Error for PatternError {}

/// Compile RE2's syntax. The result searches in linear time and isn't anchored.
pub fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let translated = re2::translate(pattern)?;
    // The parser alone knows where a mistake is; the compiler only draws it.
    regex_syntax::Parser::new().parse(&translated.text).map_err(|error| {
        let (reason, span) = match &error {
            regex_syntax::Error::Parse(error) => (error.kind().to_string(), *error.span()),
            regex_syntax::Error::Translate(error) => (error.kind().to_string(), *error.span()),
            other => return PatternError { position: 0, reason: other.to_string() },
        };
        let position = translated.origin.get(span.start.offset).copied().unwrap_or(pattern.chars().count());
        PatternError { position, reason }
    })?;
    Regex::new(&translated.text).map_err(|error| PatternError { position: 0, reason: error.to_string() })
}

/// A replacement with groups, parsed once: `$1`, `${name}`, `$$`. A group that isn't there is empty, as in Go's Expand.
pub struct Template(Vec<Part>);

enum Part {
    Text(String),
    Group(usize),
}

impl Template {
    pub fn new(template: &str, regex: &Regex) -> Self {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            parts.push(Part::Text(before.to_owned()));
            if let Some(after) = after.strip_prefix('$') {
                parts.push(Part::Text("$".into()));
                rest = after;
            } else if let Some((name, after)) = reference(after) {
                parts.extend(group(name, regex).map(Part::Group));
                rest = after;
            } else {
                parts.push(Part::Text("$".into()));
                rest = after;
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        Self(parts)
    }

    fn expand(&self, captures: &Captures<'_>, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(index) => out.push_str(captures.get(*index).map_or("", |m| m.as_str())),
            }
        }
    }
}

/// The group's name behind a `$`, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, after) = match text.strip_prefix('{') {
        Some(inner) => inner.split_once('}').filter(|(name, _)| word(name) == name.len())?,
        None => text.split_at(word(text)),
    };
    (!name.is_empty()).then_some((name, after))
}

fn group(name: &str, regex: &Regex) -> Option<usize> {
    match name.parse::<usize>() {
        Ok(index) => (index < regex.captures_len()).then_some(index),
        Err(_) => regex.capture_names().position(|known| known == Some(name)),
    }
}

/// `text` cut at its matches: text, replacement, text, replacement, …, text. None if nothing matches.
pub fn pieces(regex: &Regex, template: &Template, text: &str) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut end = 0;
    for captures in regex.captures_iter(text) {
        let whole = captures.get_match();
        out.push(text[end..whole.start()].to_owned());
        let mut replacement = String::new();
        template.expand(&captures, &mut replacement);
        out.push(replacement);
        end = whole.end();
    }
    if out.is_empty() {
        return None;
    }
    out.push(text[end..].to_owned());
    Some(out)
}

/// Every match replaced; None if nothing matches.
pub fn replace_all(regex: &Regex, template: &Template, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut end = None;
    for captures in regex.captures_iter(text) {
        let whole = captures.get_match();
        out.push_str(&text[end.unwrap_or(0)..whole.start()]);
        template.expand(&captures, &mut out);
        end = Some(whole.end());
    }
    out.push_str(&text[end?..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).is_match(text)
    }

    #[test]
    fn takes_what_re2_takes() {
        for (pattern, text) in [
            (r"\/actuator*", "/actuato"),
            (r"opentelemetry\.proto", "/opentelemetry.proto.collector"),
            (r"\<a\>\_\@\-", "<a>_@-"),
            (r"\Qa.b*\E+", "a.b**"),
            (r"\Qa.b", "a.b"),
            (r"^\101\0$", "A\0"),
            (r"^\p{^Greek}\pL$", "aα"),
            ("^a{,3}{x}{$", "a{,3}{x}{"),
            ("^a{2}b{1,}c{0,2}$", "aabbc"),
            (r"^[[a&&b~~-]+$", "[a&~-"),
            (r"^[]\]a-]+$", "]a-"),
            (r"^[\w.\x41-\x{43}[:^digit:]é-ü]+$", "_.Bé "),
            (r"^[^\d\s]+$", "ab"),
            (r"\bword\b", "a word"),
            (r"^\x41\x{e9}\x2a$", "Aé*"),
            (r"(?i)^k\z", "K"),
            ("(?P<git.sha>x)(?<b>y)", "xy"),
        ] {
            assert!(matches(pattern, text), "{pattern} on {text:?}");
        }
    }

    #[test]
    fn keeps_perl_classes_ascii() {
        for (pattern, text) in
            [(r"^\d$", "٣"), (r"^\w$", "é"), (r"^[\w]$", "é"), (r"^\s$", "\u{b}"), (r"\bé", "é"), (r"^[^\S]$", "é")]
        {
            assert!(!matches(pattern, text), "{pattern} on {text:?}");
        }
        assert!(matches(r"^\W\S\D$", "éé٣"));
        assert!(matches(r"a\Bb\B", "abc"));
    }

    #[test]
    fn says_where_a_mistake_is() {
        for (pattern, position) in
            [("é(a", 1), (r"a\1", 1), ("a[b", 1), (r"ab\", 2), ("a**(", 3), (r"x\p{Klingon}", 1), ("z[b-a]", 1)]
        {
            let error = compile(pattern).expect_err(pattern);
            assert_eq!(error.position, position, "{pattern}: {error}");
        }
    }

    #[test]
    fn expands_as_go_does() {
        let regex = compile("(?P<first>a+)(b)?").unwrap();
        let replaced = |template: &str| replace_all(&regex, &Template::new(template, &regex), "xaab a").unwrap();
        assert_eq!(replaced("<$1>"), "x<aa> <a>");
        assert_eq!(replaced("<$2>"), "x<b> <>");
        assert_eq!(replaced("${first}y"), "xaay ay");
        assert_eq!(replaced("$firsty|$9|$$1"), "x||$1 ||$1");
        assert_eq!(replaced("$|${|${1"), "x$|${|${1 $|${|${1");
        let regex = compile("x*").unwrap();
        assert_eq!(replace_all(&regex, &Template::new("-", &regex), "axb").unwrap(), "-a-b-");
    }
}
