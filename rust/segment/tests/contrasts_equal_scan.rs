//! Comparisons of a selection with all other spans, and the largest groups of aggregates, say what a plain scan says.

mod made;

use std::collections::{BTreeMap, BTreeSet};

use made::model::{Model, written_row};
use made::questions::{ALWAYS, START, field, filter, of_many_pages};
use made::{Chance, KEYS, Known, Store};
use otelier_segment::filter::{Filter, Wanted, parse, parse_fields};
use otelier_segment::spans::{Aggregate, Contrast, Kind, Question, Top};
use otelier_segment::view::View;

/// How many spans of each side have each value of a field, by step.
type Sides = [BTreeMap<String, Vec<u64>>; 2];

fn expected_sides(model: &Model, asked: &Contrast, field: &Wanted, steps: usize) -> Sides {
    let mut sides = Sides::default();
    for (at, span) in model.spans.iter().enumerate() {
        if !asked.window.contains(&span.start_ns) || !model.holds(asked.filter, at) {
            continue;
        }
        let value = match model.read(field, at) {
            id if field.column().width > 0 && !id.is_empty() => format!("text {id}"),
            value => value,
        };
        if !value.is_empty() {
            let side = usize::from(model.holds(asked.selection, at));
            let counts = sides[side].entry(value).or_insert_with(|| vec![0; steps]);
            counts[((span.start_ns - asked.window.start()) / asked.step_ns) as usize] += 1;
        }
    }
    sides
}

fn compare_contrasts(view: &View, all: &[Known], chance: &mut Chance, rounds: usize) {
    let model = Model::new(all);
    for _ in 0..rounds {
        let depth = chance.below(2);
        let (filter_json, selection_json) = (filter(chance, depth), filter(chance, depth));
        let filter_json = if chance.one_in(2) { r#"{"all":[]}"#.to_owned() } else { filter_json };
        let fields: Vec<String> = (0..4).map(|_| field(chance)).collect();
        let fields_json = format!("[{}]", fields.join(","));
        let (window, steps) = match chance.below(3) {
            0 => (ALWAYS, 1),
            _ => (START..=START + 299_999_999, 1 + chance.below(7) as usize),
        };
        let step_ns = if steps == 1 { 1 << 63 } else { 300_000_000u64.div_ceil(steps as u64) };
        let window = if steps == 1 && window == ALWAYS { 0..=(1 << 63) - 1 } else { window };
        let (filter, selection) = (parse(filter_json.as_bytes()).unwrap(), parse(selection_json.as_bytes()).unwrap());
        let asked = Contrast {
            filter: &filter,
            selection: &selection,
            fields: &parse_fields(fields_json.as_bytes()).unwrap(),
            window: &window,
            step_ns,
            top: 1 + chance.below(6) as usize,
            max_values: if chance.one_in(4) { chance.below(8) as usize } else { usize::MAX },
            max_values_in_all: usize::MAX,
            max_points: usize::MAX,
            time: None,
        };
        let found = view.compare("default", &asked).unwrap();
        for (field, found) in asked.fields.iter().zip(&found.fields) {
            let about = format!("{filter_json} {selection_json} {field:?} {window:?} {step_ns} {}", asked.top);
            let sides = expected_sides(&model, &asked, field, steps);
            let values: BTreeSet<&String> = sides.iter().flat_map(BTreeMap::keys).collect();
            let too_many = values.len() > asked.max_values;
            for (side, expected) in sides.iter().enumerate() {
                let mut totals = vec![0; steps];
                expected.values().for_each(|own| totals.iter_mut().zip(own).for_each(|(all, own)| *all += own));
                assert_eq!(found.totals[side * steps..][..steps], totals, "{about}");
                let rows = if side == 0 { 0..found.of_first } else { found.of_first..found.values.len() };
                assert_eq!(rows.len(), if too_many { 0 } else { expected.len().min(asked.top) }, "{about}");
                let mut spans: Vec<u64> = expected.values().map(|own| own.iter().sum()).collect();
                spans.sort_unstable_by(|a, b| b.cmp(a));
                let mut told: Vec<u64> = Vec::new();
                let mut names = BTreeSet::new();
                for row in rows {
                    let (name, counts) = (written_row(&found.values, row), &found.counts[row * steps..][..steps]);
                    assert_eq!(counts, expected[&name], "{about} {name}");
                    told.push(counts.iter().sum());
                    names.insert(name);
                }
                told.sort_unstable_by(|a, b| b.cmp(a));
                assert_eq!((&told[..], names.len()), (&spans[..told.len()], told.len()), "{about}");
            }
            let cut = sides.iter().any(|side| side.len() > asked.top);
            assert_eq!(found.cut, too_many || cut, "{about}");
        }
    }
}

/// How numbers, then texts are ordered; 0 for what else there is.
fn label_order(written: &str) -> (u8, f64, &str) {
    match written.split_once(' ').unwrap_or_default() {
        ("bool", value) => (1, f64::from(u8::from(value == "true")), ""),
        ("int" | "double", value) => (1, value.parse().unwrap(), ""),
        ("text", text) => (2, 0.0, text),
        _ => (0, 0.0, ""),
    }
}

/// The largest or smallest groups of each step are among those told, with those that are equal to them; of equal ones
/// the first or last. A group that is elsewhere only has none there.
fn compare_tops(view: &View, chance: &mut Chance) {
    for _ in 0..20 {
        let groups = format!(r#"[{{"scope":"span","key":"{}"}}]"#, KEYS[chance.below(7) as usize]);
        let (filter, groups) = (Filter::everything(), parse_fields(groups.as_bytes()).unwrap());
        let (most, largest) = (1 + chance.below(4) as usize, chance.one_in(2));
        let (window, step_ns) = match chance.below(3) {
            0 => (ALWAYS, 1 << 62),
            1 => (0..=(1 << 62) - 1, 1 << 62),
            _ => (START..=START + 400_000_000, 20_000_000 + chance.below(200_000_000)),
        };
        let question = |top| Question {
            filter: &filter,
            groups: &groups,
            window: &window,
            step_ns,
            value: None,
            kind: Kind::Count,
            rollups: true,
            top,
            max_cells: usize::MAX,
            time: None,
        };
        let all = counts(&view.aggregate("default", &question(None)).unwrap());
        let told = counts(&view.aggregate("default", &question(Some(Top { groups: most, largest }))).unwrap());
        let about = format!("{groups:?} {most} {largest} {window:?} {step_ns}");
        for key in told.keys() {
            assert_eq!(told[key], all[key], "{about} {key}");
        }
        let steps = (window.end() - window.start()) / step_ns + 1;
        for step in 0..steps as u32 {
            let of = |key: &String| all[key].get(&step).copied().unwrap_or_default();
            let mut order: Vec<&String> = all.keys().collect();
            order.sort_by(|a, b| {
                let order = of(a).cmp(&of(b)).reverse();
                // Where it is not known how they are ordered, all are told.
                let order = order.then(label_order(a).partial_cmp(&label_order(b)).unwrap());
                if largest { order } else { order.reverse() }
            });
            let last = order.get(most - 1).map(|last| (of(last), label_order(last)));
            for key in order {
                let is_first = last.is_none_or(|last| {
                    let better = if largest { of(key) > last.0 } else { of(key) < last.0 };
                    let same = of(key) == last.0 && label_order(key).0 > 0;
                    let before = if largest { label_order(key) <= last.1 } else { label_order(key) >= last.1 };
                    better || (same && before)
                });
                assert!(!is_first || told.contains_key(key), "{about} {step} {key}");
            }
        }
    }
}

/// By the value of the only group field, and by step.
fn counts(aggregate: &Aggregate) -> BTreeMap<String, BTreeMap<u32, u64>> {
    let mut counts: BTreeMap<String, BTreeMap<u32, u64>> = BTreeMap::new();
    for ((group, step), count) in aggregate.cell_groups.iter().zip(&aggregate.cell_steps).zip(&aggregate.counts) {
        let value = written_row(&aggregate.group_columns[0], *group as usize);
        assert!(counts.entry(value).or_default().insert(*step, *count).is_none());
    }
    counts
}

#[test]
fn a_comparison_counts_what_a_scan_counts_in_segments_and_log() {
    let mut chance = Chance(17);
    let mut store = Store::new();
    let view = View::new(store.disk.clone());
    let mut all = Vec::new();
    for round in 0..5u64 {
        all.extend(store.append_round(round, 6, START, &mut chance));
        if round % 2 == 1 {
            let sealed = store.flush_idle(if round == 3 { 0 } else { 5 });
            store.retire(sealed);
        }
        view.refresh(&store.segments, store.retired).unwrap();
        compare_contrasts(&view, &all, &mut chance, 40);
        compare_tops(&view, &mut chance);
    }
    assert!(store.segments.len() >= 2, "{}", store.segments.len());
}

#[test]
fn a_comparison_does_not_change_at_the_borders_of_pages_and_row_groups() {
    let mut chance = Chance(7);
    let (mut store, all) = of_many_pages(24, &mut chance);
    let sealed = store.flush();
    store.retire(sealed);
    let view = View::new(store.disk.clone());
    view.refresh(&store.segments, sealed).unwrap();
    compare_contrasts(&view, &all, &mut chance, 8);
    compare_tops(&view, &mut chance);
}
