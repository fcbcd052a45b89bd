//! Segments stay open as long as there is room for them.

mod made;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use made::{Chance, Store, request, trace_id};
use otelier_segment::reader::Cache;
use otelier_segment::view::View;

#[test]
fn what_there_is_no_room_for_is_closed_and_opened_again_when_it_is_wanted() {
    let mut store = Store::new();
    for trace in 0..6 {
        store.append(request(&[trace], 5, 1_000, &mut Chance(trace + 1)));
        store.flush();
    }
    let paths: Vec<Arc<str>> = store.segments.iter().map(|path| path.as_str().into()).collect();
    let roomy = Cache::new(store.disk.clone(), usize::MAX);
    let tight = Cache::new(store.disk.clone(), roomy.get(&paths[0]).unwrap().weight() * 9 / 2);
    for cache in [&roomy, &tight] {
        for place in (0..60).map(|turn| turn % 6) {
            assert_eq!(cache.get(&paths[place]).unwrap().path, paths[place]);
        }
    }
    assert_eq!(roomy.scanned.files.load(Ordering::Relaxed), 6);
    // Also who goes through all of them in turn finds some that are still open.
    let opened = tight.scanned.files.load(Ordering::Relaxed);
    assert!((12..50).contains(&opened), "{opened}");
    roomy.keep(|path| *path == paths[1]);
    roomy.get(&paths[1]).unwrap();
    roomy.get(&paths[0]).unwrap();
    assert_eq!(roomy.scanned.files.load(Ordering::Relaxed), 7);
}

#[test]
fn a_segment_weighs_more_once_its_footer_was_read() {
    let mut store = Store::new();
    store.append(request(&[1], 5, 1_000, &mut Chance(1)));
    store.flush();
    let cache = Cache::new(store.disk.clone(), usize::MAX);
    let file = cache.get(&store.segments[0].as_str().into()).unwrap();
    let before = file.weight();
    file.footer().unwrap();
    let after = file.weight();
    file.footer().unwrap();
    assert!(before < after && after == file.weight());
}

#[test]
fn segments_that_were_opened_ahead_need_not_be_opened_for_a_question() {
    let mut store = Store::new();
    for trace in 0..3 {
        store.append(request(&[trace], 5, 1_000, &mut Chance(trace + 1)));
        store.flush();
    }
    let view = View::new(store.disk.clone());
    view.refresh(&store.segments, store.retired).unwrap();
    view.open_ahead();
    let read =
        |view: &View| (view.scanned().files.load(Ordering::Relaxed), view.scanned().bytes.load(Ordering::Relaxed));
    let ahead = read(&view);
    assert_eq!(ahead.0, 3);
    view.open_ahead();
    assert_eq!(read(&view), ahead);
    assert!(!view.traces("default", &[trace_id(1)]).unwrap().segments().is_empty());
    assert_eq!(read(&view).0, 3);
}
