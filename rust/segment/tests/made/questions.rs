//! Questions about the spans that are made.

use std::ops::RangeInclusive;

use super::{Chance, KEYS, Known, Store, known, request};

pub const START: u64 = 1_700_000_000_000_000_000;
pub const ALWAYS: RangeInclusive<u64> = 0..=u64::MAX;

pub fn field(chance: &mut Chance) -> String {
    let key = KEYS[chance.below(7) as usize];
    let parent = if chance.one_in(8) { r#","parent":true"# } else { "" };
    match chance.below(8) {
        0 | 1 => {
            let keys = [
                "service",
                "name",
                "kind",
                "status",
                "status_message",
                "start_ns",
                "duration_ns",
                "trace_id",
                "span_id",
                "parent_span_id",
                "scope_name",
                "scope_version",
                "trace_state",
                "trace_duration_ns",
                "root_name",
                "root_service",
                "child_count",
            ];
            format!(r#"{{"scope":"intrinsic","key":"{}"{parent}}}"#, keys[chance.below(keys.len() as u64) as usize])
        }
        2 => {
            let own = [("event", "name"), ("event", "time_since_start_ns"), ("link", "trace_id"), ("link", "span_id")];
            let (scope, key) = own[chance.below(4) as usize];
            format!(r#"{{"scope":"{scope}","key":"{key}","intrinsic":true{parent}}}"#)
        }
        _ => {
            let scopes = ["span", "span", "nearest", "any", "event", "link", "resource", "scope"];
            format!(r#"{{"scope":"{}","key":"{key}"{parent}}}"#, scopes[chance.below(8) as usize])
        }
    }
}

fn test(chance: &mut Chance) -> String {
    let field = field(chance);
    let value = match chance.below(10) {
        0 => format!(r#""service-{}""#, chance.below(6)),
        1 => format!(r#""op-{}""#, chance.below(12)),
        2 => format!(r#""user-{}""#, chance.below(5_000)),
        3 | 4 => format!(r#"{{"int":"{}"}}"#, [0, 1, 2, 200, 404][chance.below(5) as usize]),
        5 => format!(r#"{{"int":"{}"}}"#, chance.below(1_000_000)),
        6 => format!(r#"{{"double":{}}}"#, chance.below(8) as f64 / 4.0),
        7 => "true".into(),
        8 => format!(r#""{:016x}""#, 1 + chance.below(40)),
        _ => [r#""red""#, r#""broken""#, r#""retry""#, r#""lib""#][chance.below(4) as usize].into(),
    };
    let op = ["=", "=", "!=", "exists", ">", "<=", "=~", "!~"][chance.below(8) as usize];
    let value = match op {
        "=~" | "!~" => {
            [r#""^op-1""#, r#""[13]$""#, r#""^(red|200)$""#, r#""service""#][chance.below(4) as usize].into()
        }
        _ => value,
    };
    let arrays = if chance.one_in(2) { r#","arrays":true"# } else { "" };
    format!(r#"{{"field":{field},"op":"{op}","value":{value}{arrays}}}"#)
}

pub fn filter(chance: &mut Chance, depth: u64) -> String {
    match chance.below(8) {
        0 | 1 if depth > 0 => {
            let parts: Vec<String> = (0..1 + chance.below(3)).map(|_| filter(chance, depth - 1)).collect();
            format!(r#"{{"{}":[{}]}}"#, if chance.one_in(3) { "any" } else { "all" }, parts.join(","))
        }
        2 if depth > 0 => format!(r#"{{"not":{}}}"#, filter(chance, depth - 1)),
        3 | 4 if depth > 0 => {
            let relation = ["parent", "child", "ancestor", "descendant", "sibling", "trace"][chance.below(6) as usize];
            format!(r#"{{"has":"{relation}","filter":{}}}"#, filter(chance, depth - 1))
        }
        _ => test(chance),
    }
}

pub fn window(chance: &mut Chance) -> RangeInclusive<u64> {
    let from = START + chance.below(300_000_000);
    if chance.one_in(2) { ALWAYS } else { from..=from + chance.below(200_000_000) }
}

/// A log whose spans fill several pages and row groups, and what is in it.
pub fn of_many_pages(rounds: u64, chance: &mut Chance) -> (Store, Vec<Known>) {
    let (mut store, mut all) = (Store::new(), Vec::new());
    for round in 0..rounds {
        let traces: Vec<u64> = (0..60).map(|at| 50 * round + at).collect();
        let otlp = request(&traces, 1_000, START + round * 8_000_000, chance);
        all.extend(known(&otlp));
        store.append(otlp);
    }
    (store, all)
}
