//! The disk is told of what a trace needs before it is read, so that it can fetch it all at once.

mod made;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use made::{Chance, Store, request, trace_id};
use otelier_disk::{Disk, Over, ReadAt};
use otelier_segment::view::View;
use parking_lot::Mutex;

#[derive(Debug, PartialEq)]
enum Call {
    Told(Range<u64>),
    Read(Range<u64>),
}

/// A disk that writes down what segments are asked.
#[derive(Debug)]
struct Watched {
    disk: Arc<dyn Disk>,
    calls: Arc<Mutex<Vec<Call>>>,
}

#[derive(Debug)]
struct WatchedFile {
    file: Arc<dyn ReadAt>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl ReadAt for WatchedFile {
    fn read_at(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        self.calls.lock().push(Call::Read(offset..offset + len as u64));
        self.file.read_at(offset, len)
    }

    fn will_need(&self, offset: u64, len: u64) {
        self.calls.lock().push(Call::Told(offset..offset + len));
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

impl Over for Watched {
    fn below(&self) -> &dyn Disk {
        &*self.disk
    }

    fn open_over(&self, path: &str) -> io::Result<Arc<dyn ReadAt>> {
        let file = self.disk.open_read(path)?;
        Ok(Arc::new(WatchedFile { file, calls: self.calls.clone() }))
    }
}

#[test]
fn every_page_of_a_trace_is_told_before_the_first_is_read() {
    let mut store = Store::new();
    for trace in 0..400 {
        store.append(request(&[trace], 40, 1_000, &mut Chance(trace + 1)));
    }
    let sealed = store.flush();
    store.retire(sealed);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let disk: Arc<dyn Disk> = Arc::new(Watched { disk: store.disk.clone(), calls: calls.clone() });
    let view = View::new(disk);
    view.refresh(&store.segments, store.retired).unwrap();
    for trace in [7, 7, 250, 399] {
        calls.lock().clear();
        assert!(view.traces("default", &[trace_id(trace)]).unwrap().items() > 0);
        let calls = calls.lock();
        let first = calls.iter().position(|call| matches!(call, Call::Told(_))).expect("nothing was told");
        let (mut told, mut reads) = (Vec::new(), 0);
        for call in &calls[first..] {
            match call {
                Call::Told(range) => told.push(range),
                Call::Read(read) => {
                    reads += 1;
                    let known = told.iter().any(|range| range.start <= read.start && read.end <= range.end);
                    assert!(known, "{read:?} was not told: {told:?}");
                }
            }
        }
        assert!(reads > 0);
    }
}
