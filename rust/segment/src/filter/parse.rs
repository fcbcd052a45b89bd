//! JSON to a filter; the form stands in docs/spec/filter.md.

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::condition::{Comparison, Condition, Literal, TextForm};
use super::test::{Field, Intrinsic, Scope, Test, Whole};
use super::{Filter, Relation, number};

/// What a compiled pattern may take in memory: a little more than where patterns are checked before they come here …
const MAX_REGEX_BYTES: usize = 11 << 20;
/// … and what is kept of the automaton that is made of it on the way.
const MAX_DFA_BYTES: usize = 2 << 20;
/// Characters of a pattern that an error shows.
const SHOWN: usize = 80;

/// The error says what is wrong and what is expected.
pub fn parse(json: &[u8]) -> Result<Filter, String> {
    let json: Json = serde_json::from_slice(json).map_err(|error| format!("the filter is not JSON: {error}"))?;
    filter(&json)
}

fn filter(json: &Json) -> Result<Filter, String> {
    if let Some(parts) = json.get("all") {
        return Ok(Filter::All(filters(parts)?).ordered());
    }
    if let Some(parts) = json.get("any") {
        return Ok(Filter::Any(filters(parts)?).ordered());
    }
    if let Some(part) = json.get("not") {
        return Ok(Filter::Not(Box::new(filter(part)?)));
    }
    if let Some(relative) = json.get("has") {
        let relation = relative.as_str().and_then(Relation::from_name);
        let relation = relation.ok_or_else(|| {
            format!("has is one of parent, child, ancestor, descendant, sibling and trace, not {relative}")
        })?;
        return Ok(Filter::Has(relation, Box::new(filter(json.get("filter").unwrap_or(&Json::Null))?)));
    }
    match (json.get("field"), json.get("op").and_then(Json::as_str)) {
        (Some(place), Some(op)) => {
            let Wanted { field, of_parent } = wanted(place)?;
            let (value, arrays) =
                (json.get("value").unwrap_or(&Json::Null), json.get("arrays") == Some(&Json::Bool(true)));
            let condition = || match condition(op, value)? {
                Condition::Exists => Ok(Condition::Exists),
                condition if arrays => Ok(Condition::Elements(Box::new(condition))),
                condition => Ok::<_, String>(condition),
            };
            let tested = match field {
                Field::Nearest(key) => {
                    let test =
                        |scope, condition| Filter::Test(Test::new(Field::Attribute(scope, key.clone()), condition));
                    let absent = Filter::Not(Box::new(test(Scope::Span, Condition::Exists)));
                    let resource = Filter::All(vec![absent, test(Scope::Resource, condition()?)]).ordered();
                    Filter::Any(vec![test(Scope::Span, condition()?), resource])
                }
                field => Filter::Test(Test::new(field, condition()?)),
            };
            Ok(if of_parent { Filter::Has(Relation::Parent, Box::new(tested)) } else { tested })
        }
        _ => Err(format!("a filter has one of all, any, not, has, or field and op; this has none: {json}")),
    }
}

/// A field to be read, of the span or of its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub field: Field,
    pub of_parent: bool,
}

/// A list of fields; the error says what is wrong and what is expected.
pub fn parse_fields(json: &[u8]) -> Result<Vec<Wanted>, String> {
    list(json, wanted)
}

/// A JSON array of whatever fields; `field` reads one.
pub fn list<T>(json: &[u8], field: impl Fn(&Json) -> Result<T, String>) -> Result<Vec<T>, String> {
    let json: Json = serde_json::from_slice(json).map_err(|error| format!("the fields are not JSON: {error}"))?;
    let fields = json.as_array().ok_or_else(|| format!("fields are an array, not {json}"))?;
    fields.iter().map(field).collect()
}

pub fn parse_field(json: &[u8]) -> Result<Wanted, String> {
    let json: Json = serde_json::from_slice(json).map_err(|error| format!("the field is not JSON: {error}"))?;
    wanted(&json)
}

fn wanted(json: &Json) -> Result<Wanted, String> {
    Ok(Wanted { field: field(json)?, of_parent: json.get("parent") == Some(&Json::Bool(true)) })
}

fn filters(json: &Json) -> Result<Vec<Filter>, String> {
    let parts = json.as_array().ok_or_else(|| format!("all and any take an array of filters, not {json}"))?;
    parts.iter().map(filter).collect()
}

fn field(json: &Json) -> Result<Field, String> {
    let text = |name| json.get(name).and_then(Json::as_str);
    let (scope, key) = match (text("scope"), text("key")) {
        (Some(scope), Some(key)) => (scope, key),
        (Some("event"), None) if json.get("intrinsic").is_some() => ("event", "name"),
        _ => return Err(format!("a field has a scope and a key, not {json}")),
    };
    let attribute = |scope| Ok(Field::Attribute(scope, key.as_bytes().into()));
    let is_intrinsic = json.get("intrinsic") == Some(&Json::Bool(true));
    match scope {
        "event" if is_intrinsic => match key {
            "name" => Ok(Field::EventName),
            "time_since_start_ns" => Ok(Field::EventTime),
            _ => Err(format!("an event's own fields are name and time_since_start_ns, not {key:?}")),
        },
        "link" if is_intrinsic => match key {
            "trace_id" => Ok(Field::LinkTraceId),
            "span_id" => Ok(Field::LinkSpanId),
            _ => Err(format!("a link's own fields are trace_id and span_id, not {key:?}")),
        },
        "intrinsic" => match whole(key) {
            Some(whole) => Ok(Field::Whole(whole)),
            None => intrinsic(key).map(Field::Intrinsic),
        },
        "nearest" => Ok(Field::Nearest(key.as_bytes().into())),
        "span" => attribute(Scope::Span),
        "resource" => attribute(Scope::Resource),
        "scope" => attribute(Scope::Scope),
        "event" => attribute(Scope::Event),
        "link" => attribute(Scope::Link),
        "any" => attribute(Scope::Any),
        _ => Err(format!(
            "a field's scope is intrinsic, span, resource, scope, event, link, nearest or any, not {scope:?}"
        )),
    }
}

fn whole(key: &str) -> Option<Whole> {
    Some(match key {
        "trace_duration_ns" => Whole::TraceDurationNs,
        "root_name" => Whole::RootName,
        "root_service" => Whole::RootService,
        "nested_left" => Whole::NestedLeft,
        "nested_right" => Whole::NestedRight,
        "nested_parent" => Whole::NestedParent,
        "child_count" => Whole::ChildCount,
        _ => return None,
    })
}

fn intrinsic(key: &str) -> Result<Intrinsic, String> {
    Ok(match key {
        "service" => Intrinsic::Service,
        "name" => Intrinsic::Name,
        "kind" => Intrinsic::Kind,
        "status" => Intrinsic::Status,
        "status_message" => Intrinsic::StatusMessage,
        "start_ns" => Intrinsic::StartNs,
        "duration_ns" => Intrinsic::DurationNs,
        "trace_id" => Intrinsic::TraceId,
        "span_id" => Intrinsic::SpanId,
        "parent_span_id" => Intrinsic::ParentSpanId,
        "scope_name" => Intrinsic::ScopeName,
        "scope_version" => Intrinsic::ScopeVersion,
        "trace_state" => Intrinsic::TraceState,
        _ => return Err(format!("no intrinsic field is called {key:?}")),
    })
}

fn condition(op: &str, value: &Json) -> Result<Condition, String> {
    let compare = |comparison| Ok(Condition::Compare(comparison, literal(value)?));
    match op {
        "exists" => Ok(Condition::Exists),
        "=" => compare(Comparison::Equal),
        "!=" => compare(Comparison::NotEqual),
        "<" => compare(Comparison::Less),
        "<=" => compare(Comparison::LessOrEqual),
        ">" => compare(Comparison::Greater),
        ">=" => compare(Comparison::GreaterOrEqual),
        "text=" => match literal(value)? {
            Literal::Text(text) => Ok(Condition::TextIs(TextForm::new(&String::from_utf8_lossy(&text)))),
            Literal::Int(int) => Ok(Condition::TextIs(TextForm::new(&int.to_string()))),
            Literal::Double(double) => Ok(Condition::TextIs(TextForm::new(&number::double_text(double)))),
            Literal::Bool(bool) => Ok(Condition::TextIs(TextForm::new(&bool.to_string()))),
        },
        "=~" | "!~" => {
            let pattern = value.as_str().ok_or_else(|| format!("{op} takes a string, not {value}"))?;
            Ok(Condition::Matches { regex: regex(pattern)?, negated: op == "!~" })
        }
        _ => Err(format!("an op is one of = != < <= > >= =~ !~ exists text=, not {op:?}")),
    }
}

/// The error shows the beginning of the pattern.
pub fn regex(pattern: &str) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_DFA_BYTES).build().map_err(|error| {
        let shown: String = pattern.chars().take(SHOWN).collect();
        let more = if shown.len() < pattern.len() { "…" } else { "" };
        let error = if more.is_empty() { error.to_string() } else { "it is too large".into() };
        format!("the regular expression {shown:?}{more} can't be used: {error}")
    })
}

fn literal(json: &Json) -> Result<Literal, String> {
    let bad = || format!("a value is a string, a boolean, {{\"int\": \"123\"}} or {{\"double\": 72.5}}, not {json}");
    match json {
        Json::String(text) => Ok(Literal::Text(text.as_bytes().into())),
        Json::Bool(bool) => Ok(Literal::Bool(*bool)),
        Json::Object(object) => match (object.get("int"), object.get("double")) {
            (Some(Json::String(digits)), None) => digits.parse().map(Literal::Int).map_err(|_| bad()),
            (Some(Json::Number(int)), None) => int.as_i64().map(|int| Literal::Int(int.into())).ok_or_else(bad),
            (None, Some(Json::Number(double))) => double.as_f64().map(Literal::Double).ok_or_else(bad),
            _ => Err(bad()),
        },
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Span;
    use super::*;

    fn message(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    fn attribute(number: u8, key: &str, value: &[u8]) -> Vec<u8> {
        message(number, &[message(1, key.as_bytes()), message(2, value)].concat())
    }

    fn holds(json: &str) -> bool {
        let span = [
            message(1, &[0xab; 16]),
            message(5, b"GET /cart"),
            vec![6 << 3, 2],
            [&[0x39][..], &1_000u64.to_le_bytes(), &[0x41], &1_500u64.to_le_bytes()].concat(),
            attribute(9, "http.status", &[0x18, 200, 1]),
            attribute(9, "twice", &message(1, b"a")),
            attribute(9, "twice", &message(1, b"b")),
            message(11, &[message(2, b"retry"), attribute(3, "count", &[0x21, 0, 0, 0, 0, 0, 0, 4, 64])].concat()),
            message(13, &attribute(4, "why", &message(1, b"batch"))),
            message(15, &[0x18, 2]),
        ]
        .concat();
        let resource = message(1, &attribute(1, "service.name", &message(1, b"cart")));
        let scope = message(1, &[message(1, b"http"), attribute(3, "lang", &message(1, b"py"))].concat());
        parse(json.as_bytes()).unwrap().holds(&Span { span: &span, resource: &resource, scope: &scope })
    }

    #[test]
    fn every_field_of_a_span_can_be_asked_for() {
        for (scope, key, op, value) in [
            ("intrinsic", "service", "=", r#""cart""#),
            ("intrinsic", "name", "=~", r#""^GET /""#),
            ("intrinsic", "kind", "=", r#"{"int":"2"}"#),
            ("intrinsic", "status", "=", r#"{"int":"2"}"#),
            ("intrinsic", "start_ns", "<=", r#"{"int":"1000"}"#),
            ("intrinsic", "duration_ns", "=", r#"{"int":"500"}"#),
            ("intrinsic", "trace_id", "=", r#""abababababababababababababababab""#),
            ("intrinsic", "scope_name", "=", r#""http""#),
            ("span", "http.status", ">", r#"{"double":199.5}"#),
            ("span", "twice", "=", r#""b""#),
            ("span", "twice", "!=", r#""b""#),
            ("resource", "service.name", "!~", r#""x""#),
            ("scope", "lang", "exists", "null"),
            ("event", "count", "text=", r#""2.5""#),
            ("link", "why", "=", r#""batch""#),
            ("any", "count", "text=", r#""2.5""#),
            ("any", "why", "text=", r#""batch""#),
            ("any", "lang", "text=", r#""py""#),
            ("any", "http.status", "text=", r#""200""#),
            ("any", "service.name", "text=", r#""cart""#),
        ] {
            let test = format!(r#"{{"field":{{"scope":"{scope}","key":"{key}"}},"op":"{op}","value":{value}}}"#);
            assert!(holds(&test), "{test}");
            assert!(!holds(&format!(r#"{{"not":{test}}}"#)), "{test}");
        }
        assert!(holds(r#"{"field":{"scope":"event","key":"name","intrinsic":true},"op":"=","value":"retry"}"#));
    }

    #[test]
    fn a_field_without_a_value_meets_no_condition() {
        for op in ["=", "!=", "exists", "!~", "text="] {
            assert!(!holds(&format!(r#"{{"field":{{"scope":"any","key":"none"}},"op":"{op}","value":"x"}}"#)));
            assert!(!holds(&format!(
                r#"{{"field":{{"scope":"intrinsic","key":"parent_span_id"}},"op":"{op}","value":"x"}}"#
            )));
        }
    }

    #[test]
    fn all_of_nothing_holds_and_any_of_nothing_does_not() {
        assert!(holds(r#"{"all":[]}"#) && !holds(r#"{"any":[]}"#));
    }

    #[test]
    fn what_is_no_filter_is_refused_with_a_reason() {
        for (json, reason) in [
            ("{", "not JSON"),
            ("{}", "one of all, any, not"),
            (r#"{"all":{}}"#, "array of filters"),
            (r#"{"field":{"scope":"x","key":"y"},"op":"="}"#, "scope is"),
            (r#"{"field":{"scope":"intrinsic","key":"y"},"op":"=","value":"x"}"#, "no intrinsic field"),
            (r#"{"field":{"scope":"span","key":"y"},"op":"~","value":"x"}"#, "an op is one of"),
            (r#"{"field":{"scope":"span","key":"y"},"op":"=","value":5}"#, "a value is"),
            (r#"{"field":{"scope":"span","key":"y"},"op":"=~","value":"("}"#, "regular expression"),
        ] {
            let error = parse(json.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
