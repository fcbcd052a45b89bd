//! Columns, aggregates and tags of spans in segments and log say what a plain scan of the same spans says.

mod made;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use made::model::{Model, is_same, written_row};
use made::questions::{ALWAYS, START, field, filter, of_many_pages, window};
use made::{Chance, KEYS, Known, Store, known, request, trace_id};
use otelier_segment::filter::{Filter, Wanted, parse, parse_field, parse_fields};
use otelier_segment::newest::TraceId;
use otelier_segment::spans::{Aggregate, Budget, Kind, Question, SpanTable};
use otelier_segment::view::View;
use otelier_wire::Signal;

const MINUTE_NS: u64 = 60_000_000_000;

type Identity = (TraceId, (u64, u64, i32));

const IDENTITY: &str = r#"{"scope":"intrinsic","key":"span_id"},{"scope":"intrinsic","key":"start_ns"},{"scope":"intrinsic","key":"kind"}"#;

/// Of each row, when the first fields are those of an identity.
fn identities(table: &SpanTable) -> Vec<Identity> {
    let identity = |row: usize| {
        let id = u64::from_be_bytes(table.columns[0].id(row).try_into().unwrap());
        let kind = table.columns[2].data[row] as i32;
        (table.trace_ids[table.trace_codes[row] as usize], (id, table.columns[1].data[row], kind))
    };
    (0..table.rows()).map(identity).collect()
}

/// Rows are those expected, each once, with the expected values; traces are together.
fn compare_rows(model: &Model, table: &SpanTable, fields: &[Wanted], expected: &[usize], about: &str) {
    let places: BTreeMap<Identity, usize> =
        expected.iter().map(|at| ((model.spans[*at].trace_id, model.spans[*at].identity), *at)).collect();
    let identities = identities(table);
    assert_eq!(
        identities.iter().collect::<BTreeSet<_>>(),
        places.keys().collect::<BTreeSet<_>>(),
        "{about}: {} of {}",
        table.rows(),
        expected.len()
    );
    assert_eq!(table.rows(), expected.len(), "{about}");
    for (row, identity) in identities.iter().enumerate() {
        for (column, field) in table.columns[3..].iter().zip(fields) {
            let value = model.read(field, places[identity]);
            assert!(is_same(column, row, &value), "{about} {field:?}: {} not {value}", written_row(column, row));
        }
    }
    let runs = table.trace_codes.chunk_by(|a, b| a == b).count();
    assert_eq!(runs, table.trace_ids.len(), "{about}");
}

fn compare_gathers(view: &View, all: &[Known], chance: &mut Chance, rounds: usize) -> usize {
    let model = Model::new(all);
    let mut some = 0;
    for _ in 0..rounds {
        let (json, window) = (filter(chance, 2), window(chance));
        let fields = format!("[{IDENTITY},{},{}]", field(chance), field(chance));
        let filter = Arc::new(parse(json.as_bytes()).unwrap());
        let fields = parse_fields(fields.as_bytes()).unwrap();
        let meant = |at: &usize| window.contains(&model.spans[*at].start_ns) && model.holds(&filter, *at);
        let expected: Vec<usize> = (0..model.spans.len()).filter(meant).collect();
        some += usize::from(!expected.is_empty());
        let about = format!("{json} {window:?} {:?}", &fields[3..]);
        let table = view.gather("default", &filter, &fields, &window, 0, Budget::NONE).unwrap();
        compare_rows(&model, &table, &fields[3..], &expected, &about);

        let limit = 1 + chance.below(5) as usize;
        let newest = view.gather("default", &filter, &fields, &window, limit, Budget::NONE).unwrap();
        let mut traces: BTreeMap<TraceId, u64> = BTreeMap::new();
        for at in &expected {
            let start = traces.entry(model.spans[*at].trace_id).or_default();
            *start = model.spans[*at].start_ns.max(*start);
        }
        let mut order: Vec<(u64, TraceId)> = traces.into_iter().map(|(id, start)| (start, id)).collect();
        order.sort_by_key(|hit| std::cmp::Reverse(*hit));
        order.truncate(limit);
        let ids: Vec<TraceId> = order.into_iter().map(|(_, id)| id).collect();
        assert_eq!(newest.trace_ids, ids, "{about}");
        let of_newest: Vec<usize> =
            expected.iter().copied().filter(|at| ids.contains(&model.spans[*at].trace_id)).collect();
        compare_rows(&model, &newest, &fields[3..], &of_newest, &about);
    }
    some
}

fn compare_traces(view: &View, all: &[Known], traces: impl Iterator<Item = u64>) {
    let model = Model::new(all);
    let json = format!(
        r#"[{IDENTITY},{{"scope":"intrinsic","key":"parent_span_id"}},{{"scope":"intrinsic","key":"nested_left"}},{{"scope":"intrinsic","key":"nested_right"}},{{"scope":"intrinsic","key":"nested_parent"}}]"#
    );
    let fields = parse_fields(json.as_bytes()).unwrap();
    let ids: Vec<TraceId> = traces.map(trace_id).collect();
    let table = view.spans_of("default", &ids, &fields, Budget::NONE).unwrap();
    let expected: Vec<usize> = (0..model.spans.len()).filter(|at| ids.contains(&model.spans[*at].trace_id)).collect();
    compare_rows(&model, &table, &fields[3..4], &expected, "whole traces");
    let there: Vec<TraceId> =
        ids.iter().copied().filter(|id| expected.iter().any(|at| model.spans[*at].trace_id == *id)).collect();
    assert_eq!(table.trace_ids, there);
    let nested = |column: usize, row: usize| table.columns[column].data[row] as i64;
    for row in 0..table.rows() {
        let (left, right) = (nested(4, row), nested(5, row));
        let below = table.descendants[row] as usize;
        assert_eq!(right - left, 2 * below as i64 + 1);
        match table.parents[row] {
            -1 => assert!(nested(6, row) <= 0),
            parent => {
                let parent = parent as usize;
                assert!(parent < row && row <= parent + table.descendants[parent] as usize);
                assert_eq!(table.columns[3].id(row), table.columns[0].id(parent));
                assert_eq!(nested(6, row), nested(4, parent));
                assert!(nested(4, parent) < left && right < nested(5, parent));
            }
        }
    }
}

/// By the groups' values and step: spans, sum, least and greatest value, number of values in buckets.
type Cells = BTreeMap<(Vec<String>, u64), (u64, f64, f64, f64, u64)>;

fn cells(aggregate: &Aggregate) -> Cells {
    let cell = |at: usize| {
        let group = aggregate.cell_groups[at] as usize;
        let values = aggregate.group_columns.iter().map(|column| written_row(column, group)).collect();
        let number = |numbers: &[f64]| numbers.get(at).copied().unwrap_or_default();
        let buckets = match aggregate.bucket_offsets.get(at..at + 2) {
            Some([from, to]) => aggregate.bucket_counts[*from as usize..*to as usize].iter().sum(),
            _ => 0,
        };
        let sums = (number(&aggregate.sums), number(&aggregate.mins), number(&aggregate.maxs));
        ((values, aggregate.cell_steps[at].into()), (aggregate.counts[at], sums.0, sums.1, sums.2, buckets))
    };
    let cells: Cells = (0..aggregate.counts.len()).map(cell).collect();
    assert_eq!(cells.len(), aggregate.counts.len(), "a group and step has one cell");
    cells
}

fn expected_cells(model: &Model, question: &Question) -> Cells {
    let mut cells = Cells::new();
    for (at, span) in model.spans.iter().enumerate() {
        if !question.window.contains(&span.start_ns) || !model.holds(question.filter, at) {
            continue;
        }
        let value = match question.value {
            None => 0.0,
            Some(field) => {
                let written = model.read(field, at);
                let number = written.strip_prefix("int ").or_else(|| written.strip_prefix("double "));
                let Some(number) = number else { continue };
                number.parse().unwrap()
            }
        };
        let group = |field: &Wanted| match model.read(field, at) {
            id if field.column().width > 0 && !id.is_empty() => format!("text {id}"),
            value => value,
        };
        let groups = question.groups.iter().map(group).collect();
        let step = (span.start_ns - question.window.start()) / question.step_ns;
        let cell = cells.entry((groups, step)).or_insert((0, 0.0, f64::INFINITY, f64::NEG_INFINITY, 0));
        cell.0 += 1;
        cell.1 += value;
        (cell.2, cell.3) = (cell.2.min(value), cell.3.max(value));
        cell.4 += 1;
    }
    for cell in cells.values_mut() {
        match question.kind {
            Kind::Count => (cell.1, cell.2, cell.3, cell.4) = (0.0, 0.0, 0.0, 0),
            Kind::Sum => cell.4 = 0,
            Kind::Histogram => {}
        }
    }
    cells
}

fn compare_cells(found: &Cells, expected: &Cells, exactly: bool, about: &str) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{about}");
    for ((key, found), expected) in found.iter().zip(expected.values()) {
        assert_eq!((found.0, found.4), (expected.0, expected.4), "{about} {key:?}");
        let near = |a: f64, b: f64, by: f64| (a - b).abs() <= by * b.abs() + 1e-6;
        let by = if exactly { 1e-9 } else { 0.012 };
        let all = near(found.1, expected.1, by) && near(found.2, expected.2, by) && near(found.3, expected.3, by);
        assert!(all, "{about} {key:?}: {found:?} {expected:?}");
    }
}

fn compare_aggregates(view: &View, all: &[Known], chance: &mut Chance, rounds: usize) -> u64 {
    let model = Model::new(all);
    let mut from_rollups = 0;
    for _ in 0..rounds {
        let known = chance.one_in(3);
        let by_one = !known && chance.one_in(2);
        let (filter_json, groups_json) = if by_one {
            let key = KEYS[chance.below(7) as usize];
            (filter(chance, 1), format!(r#"[{{"scope":"span","key":"{key}"}}]"#))
        } else if known {
            let groups = ["service", "name", "kind"];
            let group = |at: u64| format!(r#"{{"scope":"intrinsic","key":"{}"}}"#, groups[at as usize]);
            let groups: Vec<String> = (0..3).filter(|_| chance.one_in(2)).map(group).collect();
            let filters = [
                r#"{"all":[]}"#,
                r#"{"field":{"scope":"intrinsic","key":"service"},"op":"=","value":"service-1"}"#,
                r#"{"not":{"field":{"scope":"intrinsic","key":"name"},"op":"=~","value":"1$"}}"#,
                r#"{"field":{"scope":"intrinsic","key":"status"},"op":"=","value":{"int":"2"}}"#,
                r#"{"field":{"scope":"intrinsic","key":"status"},"op":"!=","value":{"int":"2"}}"#,
            ];
            (filters[chance.below(5) as usize].to_owned(), format!("[{}]", groups.join(",")))
        } else {
            let groups: Vec<String> = (0..chance.below(3)).map(|_| field(chance)).collect();
            (filter(chance, 1), format!("[{}]", groups.join(",")))
        };
        let kinds = if by_one { 1 } else { 3 };
        let kind = [Kind::Count, Kind::Sum, Kind::Histogram][chance.below(kinds) as usize];
        let value = match kind {
            Kind::Count => None,
            _ if known || chance.one_in(2) => {
                Some(parse_field(br#"{"scope":"intrinsic","key":"duration_ns"}"#).unwrap())
            }
            _ => Some(
                parse_field(format!(r#"{{"scope":"span","key":"{}"}}"#, KEYS[chance.below(7) as usize]).as_bytes())
                    .unwrap(),
            ),
        };
        let aligned = START / MINUTE_NS * MINUTE_NS;
        let (window, step_ns) = match chance.below(5) {
            0 => (ALWAYS, 1 << 62),
            // Some blocks lie in one step, others in a few, or many.
            3 => (START..=START + 400_000_000, 10_000_000 + chance.below(200_000_000)),
            1 => (aligned..=aligned + 3 * MINUTE_NS - 1, MINUTE_NS),
            2 => (aligned + 1..=aligned + 3 * MINUTE_NS, MINUTE_NS),
            _ => {
                let from = START + chance.below(200_000_000);
                (from..=from + chance.below(200_000_000), 1 + chance.below(50_000_000))
            }
        };
        let (filter, groups) = (parse(filter_json.as_bytes()).unwrap(), parse_fields(groups_json.as_bytes()).unwrap());
        for rollups in [true, false] {
            let question = Question {
                filter: &filter,
                groups: &groups,
                window: &window,
                step_ns,
                value: value.as_ref(),
                kind,
                rollups,
                top: None,
                max_cells: usize::MAX,
                time: None,
            };
            let about = format!("{filter_json} {groups_json} {window:?} {step_ns} {value:?} {kind:?} {rollups}");
            let aggregate = view.aggregate("default", &question).unwrap();
            assert!(rollups || aggregate.read.rollup_files == 0);
            from_rollups += aggregate.read.rollup_files;
            let exactly = aggregate.read.rollup_files == 0;
            compare_cells(&cells(&aggregate), &expected_cells(&model, &question), exactly, &about);
        }
    }
    from_rollups
}

fn compare_tags(view: &View, all: &[Known], chance: &mut Chance) {
    let model = Model::new(all);
    for _ in 0..10 {
        let field = format!(
            r#"{{"scope":"{}","key":"{}"}}"#,
            ["span", "resource", "scope"][chance.below(3) as usize],
            KEYS[chance.below(7) as usize]
        );
        let wanted = parse_field(field.as_bytes()).unwrap();
        let filter = if chance.one_in(2) { filter(chance, 1) } else { r#"{"all":[]}"#.to_owned() };
        let parsed = parse(filter.as_bytes()).unwrap();
        let found = view.tag_values("default", &wanted, &parsed, &ALWAYS, 100_000).unwrap();
        let values: BTreeSet<String> = (0..found.len()).map(|row| written_row(&found, row)).collect();
        assert_eq!(values.len(), found.len());
        let meant = (0..model.spans.len()).filter(|at| model.holds(&parsed, *at));
        let expected: BTreeSet<String> =
            meant.map(|at| model.read(&wanted, at)).filter(|value| !value.is_empty()).collect();
        // Of a key that a span has twice, an answer from dictionaries has both.
        let complete = if filter == r#"{"all":[]}"# { values.is_superset(&expected) } else { values == expected };
        assert!(complete, "{field} {filter}: {values:?} {expected:?}");
    }
    let names: BTreeSet<(String, String)> =
        view.tag_names("default", &ALWAYS, 10_000).unwrap().into_iter().map(|(scope, key, _)| (scope, key)).collect();
    for scope in ["span", "resource", "scope", "event", "link"] {
        for key in KEYS {
            let wanted = parse_field(format!(r#"{{"scope":"{scope}","key":"{key}"}}"#).as_bytes()).unwrap();
            let expected = (0..model.spans.len()).any(|at| !model.read(&wanted, at).is_empty());
            assert_eq!(names.contains(&(scope.to_owned(), key.to_owned())), expected, "{scope} {key}");
        }
    }
}

#[test]
fn segments_and_log_are_read_as_one_at_every_step_of_a_flush() {
    let mut chance = Chance(11);
    let mut store = Store::new();
    let view = View::new(store.disk.clone());
    let mut all = Vec::new();
    let (mut some, mut from_rollups) = (0, 0);
    for round in 0..6u64 {
        all.extend(store.append_round(round, 8, START, &mut chance));
        let mut step = |view: &View, chance: &mut Chance, all: &[Known]| {
            some += compare_gathers(view, all, chance, 25);
            compare_traces(view, all, (0..10).map(|at| at * 7 * (round + 1) % 200));
            from_rollups += compare_aggregates(view, all, chance, 15);
            compare_tags(view, all, chance);
        };
        view.refresh(&store.segments, store.retired).unwrap();
        step(&view, &mut chance, &all);
        if round % 2 == 1 {
            let before = store.segments.clone();
            let sealed = store.flush_idle(if round == 5 { 0 } else { 5 });
            view.refresh(&before, store.retired).unwrap();
            step(&view, &mut chance, &all);
            view.refresh(&store.segments, sealed).unwrap();
            step(&view, &mut chance, &all);
            store.retire(sealed);
            view.refresh(&store.segments, store.retired).unwrap();
            step(&view, &mut chance, &all);
        }
    }
    let merged =
        otelier_segment::merge(&*store.disk, "default", Signal::Traces, &store.segments, &otelier_segment::Keep::All)
            .unwrap();
    let merged: Vec<String> = merged.segments.iter().map(|segment| segment.path.clone()).collect();
    view.refresh(&merged, store.retired).unwrap();
    some += compare_gathers(&view, &all, &mut chance, 40);
    compare_traces(&view, &all, 0..200);
    from_rollups += compare_aggregates(&view, &all, &mut chance, 40);
    compare_tags(&view, &all, &mut chance);
    // Else the filters are no test.
    assert!(store.segments.len() >= 3 && some > 80 && from_rollups > 10, "{some} {from_rollups}");
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
    store.append(otlp);
    view.refresh(&store.segments, store.retired).unwrap();
    compare_gathers(&view, &all, &mut chance, 20);
    compare_traces(&view, &all, 0..5);
    compare_aggregates(&view, &all, &mut chance, 20);
}

#[test]
fn answers_do_not_change_at_the_borders_of_pages_and_row_groups() {
    let mut chance = Chance(7);
    let (mut store, all) = of_many_pages(24, &mut chance);
    assert!(all.len() > 40_000, "{}", all.len());
    let sealed = store.flush();
    store.retire(sealed);
    let view = View::new(store.disk.clone());
    view.refresh(&store.segments, sealed).unwrap();
    compare_gathers(&view, &all, &mut chance, 6);
    compare_traces(&view, &all, (0..60).map(|at| at * 17));
    compare_aggregates(&view, &all, &mut chance, 8);
}

#[test]
fn budgets_end_the_reading_and_say_so() {
    let mut store = Store::new();
    store.append(request(&[1, 2, 3], 100, START, &mut Chance(5)));
    let view = View::new(store.disk.clone());
    view.refresh(&[], 0).unwrap();
    let fields = parse_fields(br#"[{"scope":"intrinsic","key":"name"}]"#).unwrap();
    let gather = |budget| view.gather("default", &Arc::new(Filter::everything()), &fields, &ALWAYS, 0, budget).unwrap();
    let all = gather(Budget::NONE);
    assert_eq!((all.partial, all.read.hot_spans), ("", all.rows() as u64));
    let few = gather(Budget { rows: 10, ..Budget::NONE });
    assert_eq!((few.partial, few.rows()), ("rows", 10));
    assert_eq!(gather(Budget { rows: all.rows(), ..Budget::NONE }).partial, "");
    assert_eq!(gather(Budget { bytes: 100, ..Budget::NONE }).partial, "bytes");
    assert_eq!(gather(Budget { time: Some(std::time::Duration::ZERO), ..Budget::NONE }).partial, "time");
}

#[test]
fn a_search_for_the_newest_traces_ends_in_time_too() {
    let (mut store, mut chance) = (Store::new(), Chance(6));
    store.append(request(&[1, 2, 3], 100, START, &mut chance));
    let sealed = store.flush();
    store.retire(sealed);
    store.append(request(&[4, 5], 100, START, &mut chance));
    let view = View::new(store.disk.clone());
    view.refresh(&store.segments, sealed).unwrap();
    let fields = parse_fields(br#"[{"scope":"intrinsic","key":"name"}]"#).unwrap();
    let of_traces = r#"{"has":"trace","filter":{"field":{"scope":"intrinsic","key":"name"},"op":"exists"}}"#;
    for filter in [Filter::everything(), parse(of_traces.as_bytes()).unwrap()].map(Arc::new) {
        let gather = |budget| view.gather("default", &filter, &fields, &ALWAYS, 4, budget).unwrap();
        assert_eq!((gather(Budget::NONE).partial, gather(Budget::NONE).trace_ids.len()), ("", 4));
        let none = gather(Budget { time: Some(std::time::Duration::ZERO), ..Budget::NONE });
        assert_eq!((none.partial, none.rows()), ("time", 0));
    }
}
