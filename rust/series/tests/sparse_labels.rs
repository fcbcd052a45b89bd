//! Many names of labels of which a series has few: all of it comes back, and a deletion sees whom it is about.

use std::collections::BTreeSet;
use std::sync::Arc;

use otelier_disk::{Disk, Operations, SimulatedDisk};
use otelier_series::labels;
use otelier_series::merge::{Tombstone, concerned};
use otelier_series::order::compare;
use otelier_series::read::{Rows, Segment};
use otelier_series::segment::{Input, Names, Writer};
use otelier_series::verify::verify;

const SERIES: usize = 40_000;
const NAMES: usize = 3_000;

fn set(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    labels::put_sorted(&mut out, &mut pairs).unwrap();
    out
}

fn written(disk: &Arc<dyn Disk>, series: &[(Vec<u8>, Vec<u8>)]) -> String {
    let mut names = Names { labels: BTreeSet::new(), soft: BTreeSet::new() };
    series.iter().for_each(|(hard, soft)| names.add(hard, soft));
    let mut writer = Writer::new(&**disk, "segments", "t", &names, 1, 2).unwrap();
    for (at, (hard, soft)) in series.iter().enumerate() {
        let (ms, bits) = ([at as i64], [at as u64]);
        writer.put(&Input { labels: hard, soft, ms: &ms, bits: &bits, histograms: &[], exemplars: &[] }).unwrap();
    }
    writer.finish(0).unwrap().path
}

#[test]
fn rows_have_their_own_labels_and_no_others() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
    let one = |at: usize| {
        let (name, value) = (format!("label_{}", at % NAMES), (at / NAMES).to_string());
        let hard = set(&[("__name__", if at < 30 { "few" } else { "many" }), (&name, &value)]);
        let soft = if at.is_multiple_of(7) { set(&[(&format!("a.{}", at % 70), "x")]) } else { Vec::new() };
        (hard, soft)
    };
    let mut series: Vec<_> = (0..SERIES).map(one).collect();
    series.sort_by(|(a, _), (b, _)| compare(a, b));
    let path = written(&disk, &series);
    assert_eq!(verify(&disk, &path).unwrap(), Vec::<String>::new());
    let mut rows = Rows::new(Segment::open(&disk, &path).unwrap());
    for (at, (hard, soft)) in series.iter().enumerate() {
        let row = rows.next_row().unwrap().unwrap();
        assert_eq!((&row.labels, &row.soft), (hard, soft));
        assert_eq!((&row.ms[..], &row.bits[..]), (&[at as i64][..], &[at as u64][..]));
    }
    assert!(rows.next_row().unwrap().is_none());
}

#[test]
fn a_deletion_concerns_a_segment_if_all_its_matchers_fit_one_series() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
    let series = [
        (set(&[("__name__", "down"), ("job", "a")]), set(&[("pod", "p")])),
        (set(&[("__name__", "up"), ("job", "b"), ("zone", "x")]), Vec::new()),
        (set(&[("__name__", "up"), ("job", "c")]), Vec::new()),
    ];
    let path = written(&disk, &series);
    let concerns = |matchers: &str| {
        let json = format!(r#"[{{"matchers":{matchers},"start_ms":0,"end_ms":1}}]"#);
        concerned(&disk, &path, &Tombstone::parse(json.as_bytes()).unwrap()).unwrap()
    };
    assert!(concerns(r#"[["__name__","=","up"],["job","=","b"]]"#));
    assert!(concerns(r#"[["__name__","=~","u.*"],["zone","=",""]]"#));
    assert!(concerns(r#"[["job","!=","c"],["zone","!=","x"]]"#));
    assert!(!concerns(r#"[["__name__","=","down"],["job","=","b"]]"#));
    assert!(!concerns(r#"[["job","=","a"],["zone","=","x"]]"#));
    assert!(!concerns(r#"[["other","=~",".+"]]"#));
    assert!(!concerns(r#"[["pod","=","p"]]"#));
    assert!(!concerned(&disk, &path, &[]).unwrap());
}
