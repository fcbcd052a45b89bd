//! Log records of a trace are found in whichever row groups they lie.

mod made;

use bytes::Bytes;
use made::{Chance, Store, batch_of, field, fixed64, trace_id};
use otelier_disk::replace;
use otelier_segment::index::{Index, Kind, TraceIndex, TraceRows, put, trace_prefix};
use otelier_segment::schema::ROW_GROUP_ROWS;
use otelier_segment::verify;
use otelier_segment::view::View;
use otelier_segment::write::index_path;
use otelier_wire::Signal;

/// Two row groups and a bit. Traces come in runs, by chance; one goes on across each border. Answers how many records
/// each trace has.
fn store() -> (Store, Vec<usize>) {
    let (mut store, mut chance) = (Store::new(), Chance(17));
    let mut counts = vec![0; 40];
    let mut trace = 0;
    let mut under = Vec::new();
    for row in 0..2 * ROW_GROUP_ROWS + 100 {
        let at_border = (row + 2) % ROW_GROUP_ROWS < 5;
        if !at_border && chance.one_in(3) {
            trace = chance.below(40);
        }
        counts[trace as usize] += 1;
        under.extend(field(2, &[fixed64(1, 1_000 + row as u64), field(9, &trace_id(trace))].concat()));
    }
    let batch = batch_of(Signal::Logs, field(1, &field(2, &under)));
    let parts: Vec<Bytes> = batch.segments().iter().map(|segment| segment.bytes().clone()).collect();
    store.log.append("default", Signal::Logs, 1, batch.items() as u32, parts).unwrap();
    let sealed = store.flush();
    store.retire(sealed);
    (store, counts)
}

#[test]
fn a_trace_whose_records_lie_on_both_sides_of_a_border_is_whole() {
    let (store, counts) = store();
    let view = View::new(store.disk.clone());
    view.refresh(&store.segments, store.retired).unwrap();
    for (trace, count) in counts.iter().enumerate() {
        assert_eq!(view.logs("default", &[trace_id(trace as u64)]).unwrap().items(), *count, "{trace}");
    }
    assert_eq!(verify(&*store.disk, &store.segments[0]).unwrap(), "");
}

#[test]
fn rows_that_are_said_to_lie_in_two_row_groups_are_damage() {
    let (store, _) = store();
    let path = &store.segments[0];
    let index = Index::new(store.disk.read(&index_path(path)).unwrap()).unwrap();
    let across = TraceRows { prefix: trace_prefix(&trace_id(1)), first_row: ROW_GROUP_ROWS as u32 - 1, rows: 2 };
    let mut changed = Vec::new();
    for kind in [Kind::Summary, Kind::Filters, Kind::Numbered] {
        put(&mut changed, kind, &index.content(kind).unwrap()).unwrap();
    }
    put(&mut changed, Kind::Traces, &TraceIndex::new(vec![across]).encode()).unwrap();
    replace(&*store.disk, &index_path(path), &[&changed]).unwrap();
    assert!(verify(&*store.disk, path).unwrap().contains("lie in no row group"));
}
