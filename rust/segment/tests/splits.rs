//! Traces in several segments are known to be there however segments came and went.

mod made;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;
use made::questions::{ALWAYS, START};
use made::{Chance, Store, request};
use otelier_segment::filter::{parse, parse_fields};
use otelier_segment::newest::TraceId;
use otelier_segment::reader::{Cache, SegmentFile};
use otelier_segment::spans::{Budget, NONE, Splits};
use otelier_segment::view::View;
use otelier_segment::{Keep, merge};
use otelier_wire::Signal;

/// File, row group and row, start, place of the parent in the trace, spans below.
type Row = (Arc<str>, usize, u32, u64, Option<u32>, u32);

/// Each trace as it is pieced together.
fn traces(splits: &Splits, paths: &HashMap<u64, Arc<str>>, piece_rows: usize) -> BTreeMap<TraceId, Vec<Row>> {
    let mut all = BTreeMap::new();
    for piece in &splits.pieces {
        let skeleton = &piece.skeleton;
        assert_eq!(Some(piece.newest), skeleton.starts.iter().max().copied());
        let mut places = HashMap::new();
        for ((file, group), rows) in piece.groups.iter().zip(&skeleton.places) {
            assert!(!rows.is_empty() && rows.is_sorted());
            rows.iter().for_each(|(there, here)| {
                places.insert(*here, (paths[file].clone(), *group, *there));
            });
        }
        for (id, rows) in skeleton.trace_ids.iter().zip(skeleton.tree.each_trace()) {
            let first = rows.start as u32;
            let row = |row: usize| {
                let (path, group, there) = places[&(row as u32)].clone();
                let parent = Some(skeleton.tree.parents[row]).filter(|parent| *parent != NONE);
                let below = skeleton.tree.descendants[row];
                (path, group, there, skeleton.starts[row], parent.map(|parent| parent - first), below)
            };
            assert!(all.insert(*id, rows.map(row).collect()).is_none(), "a trace is in one piece");
        }
    }
    let small = splits.pieces.iter().filter(|piece| piece.rows() < piece_rows / 2).count();
    assert!(small <= 1, "{small} small pieces");
    all
}

/// Segments whose traces overlap: of some rounds, and what became of some of them when they were merged.
fn segments(store: &mut Store, chance: &mut Chance) -> Vec<String> {
    for round in 0..8 {
        store.append_round(round, 6, START, chance);
        // These come to every segment.
        store.append(request(&[1, 2, 3], 2, START, chance));
        let sealed = store.flush();
        store.retire(sealed);
    }
    let mut all = store.segments.clone();
    for from in [0, 3, 5] {
        let merged = merge(&*store.disk, "default", Signal::Traces, &all[from..from + 3], &Keep::All).unwrap();
        all.extend(merged.segments.into_iter().map(|segment| segment.path));
    }
    all
}

/// Some more, some fewer, or merged; now and then in another order.
fn changed(there: &mut Vec<usize>, all: usize, chance: &mut Chance) {
    for _ in 0..1 + chance.below(3) {
        let segment = chance.below(all as u64) as usize;
        match there.iter().position(|known| *known == segment) {
            Some(place) => {
                there.remove(place);
            }
            None => there.insert(chance.below(there.len() as u64 + 1) as usize, segment),
        }
    }
    if chance.one_in(8) {
        there.reverse();
    }
}

#[test]
fn what_is_known_of_other_segments_and_found_anew_is_the_same() {
    let (mut store, mut chance) = (Store::new(), Chance(17));
    let all = segments(&mut store, &mut chance);
    let all: Vec<Arc<str>> = all.iter().map(|path| path.as_str().into()).collect();
    let roomy = Cache::new(store.disk.clone(), usize::MAX);
    let weight: usize = all.iter().map(|path| roomy.get(path).unwrap().weight()).sum();
    // Files that were closed meanwhile have other numbers.
    let tight = Cache::new(store.disk.clone(), weight / 3);
    for cache in [roomy, tight] {
        for piece_rows in [1, 40, 1 << 14] {
            let (mut there, mut paths) = (Vec::new(), HashMap::new());
            let (mut known, mut some, mut kept) = (Splits::in_pieces_of(piece_rows), 0, 0);
            for _ in 0..60 {
                changed(&mut there, all.len(), &mut chance);
                let files: Vec<Arc<SegmentFile>> =
                    there.iter().map(|segment| cache.get(&all[*segment]).unwrap()).collect();
                paths.extend(files.iter().map(|file| (file.number, file.path.clone())));
                let followed = known.followed(&files).unwrap();
                let anew = Splits::in_pieces_of(piece_rows).followed(&files).unwrap();
                assert!(followed.are_of(&files));
                let found = traces(&followed, &paths, piece_rows);
                assert_eq!(found, traces(&anew, &paths, piece_rows), "{there:?}");
                some += found.len();
                let before = known.pieces.iter().map(Arc::as_ptr).collect::<BTreeSet<_>>();
                kept += followed.pieces.iter().filter(|piece| before.contains(&Arc::as_ptr(piece))).count();
                known = followed;
            }
            // Else nothing is tested.
            assert!(some > 1_000 && (kept > 100 || piece_rows > 40), "{some} {kept}");
        }
    }
}

#[test]
fn a_view_that_has_followed_segments_answers_as_a_new_one() {
    let (mut store, mut chance) = (Store::new(), Chance(23));
    let all = segments(&mut store, &mut chance);
    let view = View::new(store.disk.clone());
    let fields = r#"[{"scope":"intrinsic","key":"span_id"},{"scope":"intrinsic","key":"start_ns"},{"scope":"intrinsic","key":"nested_left"},{"scope":"intrinsic","key":"nested_parent"},{"scope":"intrinsic","key":"root_name"}]"#;
    let fields = parse_fields(fields.as_bytes()).unwrap();
    let filter = parse(
        br#"{"has":"ancestor","filter":{"field":{"scope":"intrinsic","key":"name"},"op":"=~","value":"[13579]$"}}"#,
    )
    .map(Arc::new)
    .unwrap();
    let answer = |view: &View| {
        let table = view.gather("default", &filter, &fields, &ALWAYS, 0, Budget::NONE).unwrap();
        let row = |row: usize| {
            let [id, start, left, parent, name] = &table.columns[..] else { unreachable!() };
            let trace = table.trace_ids[table.trace_codes[row] as usize];
            (
                trace,
                id.id(row).to_vec(),
                start.data[row],
                left.data[row],
                parent.data[row],
                name.text(name.data[row]).to_vec(),
            )
        };
        let rows: BTreeSet<_> = (0..table.rows()).map(row).collect();
        assert_eq!(rows.len(), table.rows());
        rows
    };
    let (mut there, mut some) = (Vec::new(), 0);
    for _ in 0..40 {
        changed(&mut there, all.len(), &mut chance);
        let paths: Vec<String> = there.iter().map(|segment| all[*segment].clone()).collect();
        view.refresh(&paths, store.retired).unwrap();
        let fresh = View::new(store.disk.clone());
        fresh.refresh(&paths, store.retired).unwrap();
        let (own, expected) = (answer(&view), answer(&fresh));
        assert_eq!(own, expected, "{there:?}");
        some += expected.len();
    }
    assert!(some > 1_000, "{some}");
}
