//! What is told of traces is what a plain scan says of them, and the same whether they are told together, by several
//! threads, or each alone.

mod made;

use std::collections::BTreeMap;
use std::sync::Arc;

use made::model::{Model, is_same, written_row};
use made::questions::{START, field, filter, of_many_pages, window};
use made::{Chance, Known, Store};
use otelier_segment::filter::value::Fixed;
use otelier_segment::filter::{Filter, parse, parse_fields};
use otelier_segment::newest::TraceId;
use otelier_segment::spans::{Asked, Column, Told, Trace};
use otelier_segment::view::View;

/// What every span is asked for, before what is drawn.
const FIXED: &str = r#"{"scope":"intrinsic","key":"span_id"},{"scope":"intrinsic","key":"start_ns"},{"scope":"intrinsic","key":"kind"},{"scope":"intrinsic","key":"root_name"},{"scope":"intrinsic","key":"root_service"}"#;

/// Of a service its name, spans and errors.
type Service = (String, u32, u32);

fn services(told: &Told, trace: &Trace) -> Vec<Service> {
    let name = |number: u32| String::from_utf8_lossy(told.service_names.strings.get(number as usize)).into_owned();
    told.services[trace.services.clone()].iter().map(|(of, spans, errors)| (name(*of), *spans, *errors)).collect()
}

/// All that is told of a trace but where it stands.
type Written = (TraceId, u64, u64, Vec<Service>, usize, Vec<Vec<String>>);

fn written(told: &Told) -> Vec<Written> {
    let row = |row: usize| told.columns.iter().map(|column| written_row(column, row)).collect();
    let trace = |trace: &Trace| {
        let rows = trace.spans.clone().map(row).collect();
        (trace.id, trace.start_ns, trace.end_ns, services(told, trace), trace.matched, rows)
    };
    told.traces.iter().map(trace).collect()
}

/// Of the spans of one trace, of which some are meant.
fn compare_trace(model: &Model, told: &Told, trace: &Trace, asked: &Asked, about: &str) {
    let spans: Vec<usize> = (0..model.spans.len()).filter(|at| model.spans[*at].trace_id == trace.id).collect();
    let meant = |at: &usize| asked.window.contains(&model.spans[*at].start_ns) && model.holds(&asked.filter, *at);
    let by_identity: BTreeMap<(u64, u64, i32), usize> =
        spans.iter().copied().filter(meant).map(|at| (model.spans[at].identity, at)).collect();
    assert_eq!(trace.matched, by_identity.len(), "{about}");
    let fixed = || spans.iter().map(|at| Fixed::read(&model.spans[*at].span));
    assert_eq!(Some(trace.start_ns), fixed().map(|span| span.start_ns).min(), "{about}");
    assert_eq!(Some(trace.end_ns), fixed().map(|span| span.end_ns).max(), "{about}");
    let service = parse_fields(br#"[{"scope":"intrinsic","key":"service"}]"#).unwrap();
    let mut expected: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for at in &spans {
        let name = model.read(&service[0], *at);
        let counts = expected.entry(name.strip_prefix("text ").unwrap_or_default().to_owned()).or_default();
        counts.0 += 1;
        counts.1 += u32::from(Fixed::read(&model.spans[*at].span).status_code == 2);
    }
    let expected: Vec<Service> = expected.into_iter().map(|(name, (all, failed))| (name, all, failed)).collect();
    assert_eq!(services(told, trace), expected, "{about}");

    let mut starts: Vec<u64> = by_identity.keys().map(|(_, start, _)| *start).collect();
    starts.sort_unstable();
    starts.truncate(asked.most);
    assert_eq!(trace.spans.clone().map(|row| told.columns[1].data[row]).collect::<Vec<_>>(), starts, "{about}");
    for row in trace.spans.clone() {
        let id = u64::from_be_bytes(told.columns[0].id(row).try_into().unwrap());
        let at = by_identity[&(id, told.columns[1].data[row], told.columns[2].data[row] as i32)];
        for (field, column) in asked.fields.iter().zip(&told.columns) {
            let value = model.read(field, at);
            assert!(is_same(column, row, &value), "{about} {field:?}: {} not {value}", written_row(column, row));
        }
    }
}

/// Answers how many traces were told.
fn compare(view: &View, all: &[Known], chance: &mut Chance, rounds: usize, most_traces: u64) -> usize {
    let model = Model::new(all);
    let mut ids: Vec<TraceId> = model.spans.iter().map(|span| span.trace_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut told_in_all = 0;
    for _ in 0..rounds {
        for at in (1..ids.len()).rev() {
            ids.swap(at, chance.below(at as u64 + 1) as usize);
        }
        let mut asked_of = ids[..1 + chance.below(most_traces.min(ids.len() as u64)) as usize].to_vec();
        asked_of.push([7; 16]);
        let (json, fields) = (filter(chance, 2), format!("[{FIXED},{},{}]", field(chance), field(chance)));
        let asked = Arc::new(Asked {
            filter: if chance.one_in(3) { Filter::everything() } else { parse(json.as_bytes()).unwrap() },
            window: window(chance),
            fields: parse_fields(fields.as_bytes()).unwrap(),
            most: 1 + chance.below(4) as usize,
        });
        let about = format!("{asked:?}");
        let told = view.told("default", &asked_of, &asked).unwrap();
        let meant = |id: &&TraceId| {
            let of_trace = (0..model.spans.len()).filter(|at| model.spans[*at].trace_id == **id);
            let mut within = of_trace.filter(|at| asked.window.contains(&model.spans[*at].start_ns));
            within.any(|at| model.holds(&asked.filter, at))
        };
        let expected: Vec<TraceId> = asked_of.iter().filter(meant).copied().collect();
        assert_eq!(told.traces.iter().map(|trace| trace.id).collect::<Vec<_>>(), expected, "{about}");
        told.traces.iter().for_each(|trace| compare_trace(&model, &told, trace, &asked, &about));

        let alone = asked_of.iter().flat_map(|id| written(&view.told("default", &[*id], &asked).unwrap()));
        assert_eq!(written(&told), alone.collect::<Vec<_>>(), "{about}");
        // Who takes a part is left to chance, what is told is not: not even the order of names.
        let again = view.told("default", &asked_of, &asked).unwrap();
        assert!(again.service_names == told.service_names && again.services == told.services, "{about}");
        let same = |(a, b): (&Arc<_>, &Arc<_>)| columns_are_same(a, b);
        assert!(again.columns.iter().zip(&told.columns).all(same), "{about}");
        told_in_all += expected.len();
    }
    told_in_all
}

fn columns_are_same(a: &Column, b: &Column) -> bool {
    (&a.tags, &a.data, &a.texts, &a.raw) == (&b.tags, &b.data, &b.texts, &b.raw)
}

#[test]
fn traces_in_several_segments_and_in_the_log_are_told_as_one() {
    let (mut chance, mut store, mut all) = (Chance(21), Store::new(), Vec::new());
    let view = View::new(store.disk.clone());
    let mut told = 0;
    for round in 0..5u64 {
        all.extend(store.append_round(round, 8, START, &mut chance));
        if round % 2 == 1 {
            let sealed = store.flush_idle(5);
            store.retire(sealed);
        }
        view.refresh(&store.segments, store.retired).unwrap();
        told += compare(&view, &all, &mut chance, 12, 40);
    }
    assert!(store.segments.len() >= 2 && told > 200, "{told}");
}

#[test]
fn traces_in_many_row_groups_are_told_as_one_by_one() {
    let mut chance = Chance(5);
    let (mut store, all) = of_many_pages(24, &mut chance);
    let sealed = store.flush();
    store.retire(sealed);
    let view = View::new(store.disk.clone());
    view.refresh(&store.segments, sealed).unwrap();
    let told = compare(&view, &all, &mut chance, 24, 30);
    assert!(told > 60, "{told}");
}
