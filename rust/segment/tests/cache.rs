//! Segments stay open as long as there is room for them.

mod made;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use made::{Chance, Store, request};
use otelier_segment::reader::Cache;

#[test]
fn the_least_used_segment_is_closed_and_opened_again_when_it_is_wanted() {
    let mut store = Store::new();
    for trace in 0..3 {
        store.append(request(&[trace], 5, 1_000, &mut Chance(trace + 1)));
        store.flush();
    }
    let paths: Vec<Arc<str>> = store.segments.iter().map(|path| path.as_str().into()).collect();
    let roomy = Cache::new(store.disk.clone(), usize::MAX);
    let tight = Cache::new(store.disk.clone(), roomy.get(&paths[0]).unwrap().weight() * 5 / 2);
    for cache in [&roomy, &tight] {
        for place in [0, 1, 0, 2, 0, 1] {
            assert_eq!(cache.get(&paths[place]).unwrap().path, paths[place]);
        }
    }
    assert_eq!(roomy.scanned.files.load(Ordering::Relaxed), 3);
    // The second made room for the third, and the third for the second.
    assert_eq!(tight.scanned.files.load(Ordering::Relaxed), 4);
    roomy.keep(|path| *path == paths[1]);
    roomy.get(&paths[1]).unwrap();
    roomy.get(&paths[0]).unwrap();
    assert_eq!(roomy.scanned.files.load(Ordering::Relaxed), 4);
}
