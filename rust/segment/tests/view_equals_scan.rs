//! Searches, fetches and summaries over segments and log say what a plain scan of the same spans says.

mod made;

use std::collections::{BTreeMap, BTreeSet};

use std::sync::Arc;

use made::questions::{START, of_many_pages};
use made::{Chance, KEYS, Known, Store, batch, known, request, scan, trace_id};
use otelier_segment::filter::value::{Fixed, service_of};
use otelier_segment::filter::{Filter, parse};
use otelier_segment::view::View;
use otelier_wire::{Batch, Signal};

/// A test with a field, an operator and a value that go together, more or less.
fn test(chance: &mut Chance) -> String {
    let field = match chance.below(10) {
        0 => r#""scope":"intrinsic","key":"service""#.into(),
        1 => r#""scope":"intrinsic","key":"name""#.into(),
        2 => {
            let keys = ["kind", "status", "duration_ns", "start_ns"];
            format!(r#""scope":"intrinsic","key":"{}""#, keys[chance.below(4) as usize])
        }
        3 => {
            let keys = ["status_message", "trace_state", "scope_name", "parent_span_id", "span_id", "trace_id"];
            format!(r#""scope":"intrinsic","key":"{}""#, keys[chance.below(6) as usize])
        }
        4 => r#""scope":"event","key":"name","intrinsic":true"#.into(),
        _ => {
            let scopes = ["span", "span", "any", "any", "event", "link", "resource", "scope"];
            let (scope, key) = (scopes[chance.below(8) as usize], KEYS[chance.below(7) as usize]);
            format!(r#""scope":"{scope}","key":"{key}""#)
        }
    };
    let value = match chance.below(12) {
        0 => format!(r#""service-{}""#, chance.below(6)),
        1 => format!(r#""op-{}""#, chance.below(12)),
        2 => format!(r#""user-{}""#, chance.below(5_000)),
        3 => format!(r#"{{"int":"{}"}}"#, [0, 1, 2, 200, 404][chance.below(5) as usize]),
        4 => format!(r#"{{"int":"{}"}}"#, START + chance.below(400_000_000)),
        5 => format!(r#"{{"int":"{}"}}"#, chance.below(1_000_000)),
        6 => format!(r#"{{"double":{}}}"#, chance.below(8) as f64 / 4.0),
        7 => "true".into(),
        8 => r#""200""#.into(),
        9 => [r#""1.5""#, r#""[1]""#, r#""AQEB""#, r#""{\"k\":\"v\"}""#, r#""""#][chance.below(5) as usize].into(),
        10 => format!(r#""{:016x}""#, 1 + chance.below(40)),
        _ => [r#""red""#, r#""broken""#, r#""retry""#, r#""a=b""#, r#""lib""#][chance.below(5) as usize].into(),
    };
    let op = match chance.below(12) {
        0..=3 => "text=",
        4 | 5 => "=",
        6 => "!=",
        7 => "exists",
        8 => [">", ">=", "<", "<="][chance.below(4) as usize],
        9 => ">",
        _ => [r"=~", "!~"][chance.below(2) as usize],
    };
    let value = match (op, value.starts_with('"')) {
        ("=~" | "!~", _) => {
            [r#""^op-1""#, r#""[13]$""#, r#""^(red|200)$""#, r#""service""#][chance.below(4) as usize].into()
        }
        _ => value,
    };
    format!(r#"{{"field":{{{field}}},"op":"{op}","value":{value}}}"#)
}

fn filter(chance: &mut Chance, depth: u64) -> String {
    match chance.below(6) {
        0 | 1 if depth > 0 => {
            let parts: Vec<String> = (0..1 + chance.below(3)).map(|_| filter(chance, depth - 1)).collect();
            let kind = if chance.one_in(3) { "any" } else { "all" };
            format!(r#"{{"{kind}":[{}]}}"#, parts.join(","))
        }
        2 if depth > 0 => format!(r#"{{"not":{}}}"#, filter(chance, depth - 1)),
        _ => test(chance),
    }
}

fn compare_searches(view: &View, all: &[Known], chance: &mut Chance, rounds: usize) {
    let (mut some, mut not_all) = (0, 0);
    let traces = scan(all, &Filter::everything(), 0..=u64::MAX, usize::MAX).len();
    for _ in 0..rounds {
        let json = filter(chance, 2);
        let filter: Arc<Filter> = Arc::new(parse(json.as_bytes()).unwrap());
        let limit = [1, 3, 20, 100_000][chance.below(4) as usize];
        let from = START + chance.below(200_000_000);
        let window = if chance.one_in(2) { 0..=u64::MAX } else { from..=from + chance.below(200_000_000) };
        let found = view.search("default", &filter, &window, limit).unwrap();
        assert_eq!(found, scan(all, &filter, window.clone(), limit), "{json} {window:?} {limit}");
        some += usize::from(!found.is_empty());
        not_all += usize::from(found.len() < limit.min(traces));
    }
    // Else the filters are no test.
    assert!(some * 6 > rounds && not_all * 5 > rounds, "{some} {not_all} of {rounds}");
}

/// Of spans that are equal in id, start and kind the first one counts.
fn distinct<'a>(all: &'a [Known], of: &[u8; 16]) -> Vec<&'a Known> {
    let mut seen = BTreeSet::new();
    all.iter().filter(|span| span.trace_id == *of && seen.insert(span.identity)).collect()
}

fn compare_fetches(view: &View, all: &[Known], traces: impl Iterator<Item = u64>) {
    for trace in traces {
        let id = trace_id(trace);
        let fetched = view.traces("default", &[id]).unwrap();
        let spans = distinct(all, &id);
        let parts: Vec<Batch> = spans.iter().map(|span| batch(span.alone())).collect();
        assert_eq!(fetched.items(), spans.len());
        assert_eq!(fetched.digest(), Batch::join(Signal::Traces, parts.iter()).digest(), "trace {trace}");
        let summaries = view.summaries("default", &[id]).unwrap();
        assert_eq!(summaries.len(), usize::from(!spans.is_empty()));
        if let [summary] = &summaries[..] {
            assert_eq!(summary.spans, spans.len() as u64);
            assert_eq!(summary.start_ns, spans.iter().map(|span| span.start_ns).min().unwrap());
            let parents = spans.iter().filter_map(|span| {
                let fixed = Fixed::read(&span.span);
                Some(u64::from_be_bytes(fixed.parent()?.try_into().ok()?))
            });
            let orphans = parents.filter(|parent| spans.iter().all(|span| span.identity.0 != *parent)).count();
            assert_eq!(summary.orphans, orphans as u64, "trace {trace}");
        }
    }
}

#[test]
fn segments_and_log_answer_as_one_at_every_step_of_a_flush() {
    let mut chance = Chance(1);
    let mut store = Store::new();
    let view = View::new(store.disk.clone());
    let mut all = Vec::new();
    for round in 0..6u64 {
        for part in 0..12 {
            // Traces of the round, and some that began in the one before: these are split.
            let traces: Vec<u64> = (0..8).map(|at| 30 * round + at * 4 + part % 3).collect();
            let otlp = request(&traces, 20, START + round * 60_000_000, &mut chance);
            all.extend(known(&otlp));
            store.append(otlp);
        }
        let step = |view: &View, chance: &mut Chance, all: &[Known]| {
            compare_searches(view, all, chance, 60);
            compare_fetches(view, all, (0..10).map(|_| 7 * round + round % 5));
        };
        view.refresh(&store.segments, store.retired).unwrap();
        step(&view, &mut chance, &all);
        if round % 2 == 1 {
            let before = store.segments.clone();
            let sealed = store.flush_idle(if round == 5 { 0 } else { 5 });
            // Written, not yet in the manifest.
            view.refresh(&before, store.retired).unwrap();
            step(&view, &mut chance, &all);
            // In the manifest, the log's files still there.
            view.refresh(&store.segments, sealed).unwrap();
            step(&view, &mut chance, &all);
            store.retire(sealed);
            step(&view, &mut chance, &all);
            view.refresh(&store.segments, store.retired).unwrap();
            step(&view, &mut chance, &all);
        }
    }
    assert!(store.segments.len() >= 3 && store.carried > 500, "{}", store.carried);
    compare_fetches(&view, &all, 0..200);
}

#[test]
fn answers_do_not_change_at_the_borders_of_pages_and_row_groups() {
    let mut chance = Chance(7);
    let (mut store, all) = of_many_pages(45, &mut chance);
    assert!(all.len() > 70_000, "{}", all.len());
    let sealed = store.flush();
    store.retire(sealed);
    let view = View::new(store.disk.clone());
    view.refresh(&store.segments, sealed).unwrap();
    assert_eq!(view.hot_items(), 0);
    compare_searches(&view, &all, &mut chance, 60);
    compare_fetches(&view, &all, (0..60).map(|at| at * 37));
}

#[test]
fn what_is_known_of_chunks_of_the_log_changes_no_answer() {
    let mut chance = Chance(11);
    let mut store = Store::new();
    let view = View::new(store.disk.clone());
    let mut all = Vec::new();
    // Several chunks become full, and what is known of them is asked for again and again.
    for round in 0..5u64 {
        for part in 0..12 {
            let traces: Vec<u64> = (0..12).map(|at| 30 * round + at * 3 + part % 3).collect();
            let otlp = request(&traces, 200, START + round * 60_000_000, &mut chance);
            all.extend(known(&otlp));
            store.append(otlp);
        }
        view.refresh(&[], 0).unwrap();
        compare_searches(&view, &all, &mut chance, 120);
        compare_fetches(&view, &all, (0..10).map(|at| 31 * round + 7 * at));
        let services: BTreeSet<&[u8]> = all.iter().map(|span| service_of(&span.resource).unwrap_or_default()).collect();
        assert!(view.hot_services("default").iter().map(|service| &**service).eq(services.iter().copied()));
        for service in services {
            let own = all.iter().filter(|span| service_of(&span.resource).unwrap_or_default() == service);
            let fixed = own.map(|span| Fixed::read(&span.span));
            let operations: BTreeSet<(&[u8], i32)> = fixed.map(|fixed| (fixed.name, fixed.kind)).collect();
            let told = view.hot_operations("default", std::str::from_utf8(service).unwrap());
            assert!(told.iter().map(|(name, kind)| (&**name, *kind)).eq(operations.iter().copied()));
        }
    }
    assert!(all.len() > 20_000, "{}", all.len());
}

#[test]
fn the_same_spans_sent_again_count_once_everywhere() {
    let mut chance = Chance(3);
    let mut store = Store::new();
    let view = View::new(store.disk.clone());
    let otlp = request(&[1, 2, 3], 30, START, &mut chance);
    let all = known(&otlp);
    for _ in 0..3 {
        store.append(otlp.clone());
        let sealed = store.flush();
        store.retire(sealed);
    }
    store.append(otlp.clone());
    view.refresh(&store.segments, store.retired).unwrap();
    compare_fetches(&view, &all, 0..5);
    let spans: BTreeMap<[u8; 16], u64> = view
        .summaries("default", &[trace_id(1), trace_id(2), trace_id(3)])
        .unwrap()
        .into_iter()
        .map(|summary| (summary.trace_id, summary.spans))
        .collect();
    assert_eq!(spans.values().sum::<u64>() as usize, spans.keys().map(|id| distinct(&all, id).len()).sum::<usize>());
}
