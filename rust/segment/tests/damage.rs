//! A damaged file is left out and named, or still says something; it never makes the reader panic.

mod made;

use std::sync::Arc;

use bytes::Bytes;
use made::{Chance, Store, request, trace_id};
use otelier_disk::{Disk, Operations, SimulatedDisk, ensure_dir, replace};
use otelier_segment::error::ReadError;
use otelier_segment::filter::{Filter, parse};
use otelier_segment::view::View;

/// A disk with nothing but this segment.
fn disk_of(path: &str, file: &[u8], index: &[u8]) -> Arc<dyn Disk> {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
    ensure_dir(&*disk, "segments/default/traces").unwrap();
    replace(&*disk, path, &[file]).unwrap();
    replace(&*disk, &path.replace(".parquet", ".index"), &[index]).unwrap();
    disk
}

fn segment(spans: u64) -> (String, Bytes, Bytes) {
    let mut store = Store::new();
    store.append(request(&[1, 2, 3, 4, 5], spans, 1_000_000, &mut Chance(5)));
    store.flush();
    let path = store.segments[0].clone();
    let index = store.disk.read(&path.replace(".parquet", ".index")).unwrap();
    let file = store.disk.read(&path).unwrap();
    (path, file, index)
}

fn filters() -> Vec<Filter> {
    let test = |scope: &str, key: &str, op: &str, value: &str| {
        let json = format!(r#"{{"field":{{"scope":"{scope}","key":"{key}"}},"op":"{op}","value":{value}}}"#);
        parse(json.as_bytes()).unwrap()
    };
    vec![
        Filter::everything(),
        test("intrinsic", "name", "=~", r#""op""#),
        test("intrinsic", "duration_ns", ">", r#"{"int":"5"}"#),
        test("intrinsic", "parent_span_id", "exists", "null"),
        test("any", "user.id", "=~", r#""9""#),
        test("any", "rare", "exists", "null"),
        test("span", "ratio", ">=", r#"{"double":0.5}"#),
        test("span", "flag", "=", "true"),
    ]
}

/// Asks everything that can be asked; true if damage was found.
fn ask(view: &View) -> bool {
    let note = |error: Option<ReadError>| assert!(error.is_none(), "the rest can be asked: {error:?}");
    for filter in filters().into_iter().map(Arc::new) {
        note(view.search("default", &filter, &(0..=u64::MAX), 100).err());
    }
    for trace in 1..=5 {
        note(view.traces("default", &[trace_id(trace)]).err());
    }
    note(view.summaries("default", &[1, 2, 3, 4, 5].map(trace_id)).err());
    !view.left_out().is_empty()
}

#[test]
fn flipped_bytes_are_noticed_or_other_answers_and_never_a_panic() {
    let (path, file, index) = segment(300);
    let mut chance = Chance(11);
    let mut noticed = 0;
    for _ in 0..1_500 {
        let mut damaged = file.to_vec();
        for _ in 0..1 + chance.below(3) {
            let at = chance.below(damaged.len() as u64) as usize;
            damaged[at] ^= 1 << chance.below(8);
        }
        let view = View::new(disk_of(&path, &damaged, &index));
        view.refresh(std::slice::from_ref(&path), 0).unwrap();
        noticed += usize::from(ask(&view));
    }
    assert!(noticed > 500, "{noticed}");
}

#[test]
fn a_file_that_ends_anywhere_is_left_out_and_named() {
    let (path, file, index) = segment(20);
    for end in (0..file.len()).step_by(97) {
        let view = View::new(disk_of(&path, &file[..end], &index));
        view.refresh(std::slice::from_ref(&path), 0).unwrap();
        let found = view.search("default", &Arc::new(Filter::everything()), &(0..=u64::MAX), 100).unwrap();
        let left_out = view.left_out();
        assert!(found.is_empty() && left_out.len() == 1 && left_out[0].contains(&path), "{end}: {left_out:?}");
    }
}

#[test]
fn a_segment_with_a_damaged_index_is_left_out_wherever_it_is_damaged() {
    let (path, file, index) = segment(20);
    for at in (0..index.len()).step_by(13) {
        let mut damaged = index.to_vec();
        damaged[at] ^= 0x40;
        let view = View::new(disk_of(&path, &file, &damaged));
        view.refresh(std::slice::from_ref(&path), 0).unwrap();
        assert_eq!(view.traces("default", &[trace_id(1)]).unwrap().items(), 0);
        assert!(view.left_out().concat().contains(".index"), "{at}");
    }
}
