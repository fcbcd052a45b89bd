//! What a query asks of a label.

use otelier_process::pattern::{self, PatternError};
use regex::Regex;

#[derive(Clone, Debug)]
pub struct Matcher {
    pub name: Vec<u8>,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Equal(Vec<u8>),
    NotEqual(Vec<u8>),
    Fits(Regex),
    FitsNot(Regex),
}

impl Matcher {
    /// `operator`: `=`, `!=`, `=~` or `!~`. Expressions are RE2's and fit whole values; the error says what is wrong.
    pub fn new(name: &str, operator: &str, value: &str) -> Result<Matcher, String> {
        let test = match operator {
            "=" => Test::Equal(value.into()),
            "!=" => Test::NotEqual(value.into()),
            "=~" => Test::Fits(whole(value).map_err(|error| error.to_string())?),
            "!~" => Test::FitsNot(whole(value).map_err(|error| error.to_string())?),
            _ => return Err(format!("a matcher's operator is =, !=, =~ or !~, not {operator:?}")),
        };
        Ok(Matcher { name: name.into(), test })
    }

    /// An empty value stands for a label that is not there.
    pub fn holds(&self, value: &[u8]) -> bool {
        let fits = |regex: &Regex| std::str::from_utf8(value).is_ok_and(|text| regex.is_match(text));
        match &self.test {
            Test::Equal(wanted) => value == wanted,
            Test::NotEqual(wanted) => value != wanted,
            Test::Fits(regex) => fits(regex),
            Test::FitsNot(regex) => !fits(regex),
        }
    }

    /// The one value that it accepts.
    pub fn only(&self) -> Option<&[u8]> {
        match &self.test {
            Test::Equal(wanted) => Some(wanted),
            _ => None,
        }
    }
}

fn whole(expression: &str) -> Result<Regex, PatternError> {
    // Alone first, so that the message is about what was written.
    pattern::compile(expression)?;
    pattern::compile(&format!("^(?s:{expression})\\z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_fit_whole_values_and_nothing_is_an_empty_value() {
        let matcher = |operator, value| Matcher::new("job", operator, value).unwrap();
        assert!(matcher("=~", "a|bc").holds(b"bc") && !matcher("=~", "a|bc").holds(b"abc"));
        assert!(matcher("=~", "a.c").holds(b"a\nc"));
        assert!(matcher("!~", "a+").holds(b"") && matcher("=", "").holds(b""));
        assert!(matcher("!=", "a").holds(b"b") && !matcher("!=", "a").holds(b"a"));
        assert!(Matcher::new("job", "=~", "a)|(b").is_err());
        assert!(Matcher::new("job", "~", "a").is_err());
    }
}
