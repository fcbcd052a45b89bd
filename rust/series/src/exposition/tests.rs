//! What is taken and what is refused, line by line, and what a second scrape needs.

use super::*;
use crate::labels::{put_sorted, text as shown};

fn learn_all(cache: &mut Cache) -> usize {
    let finals: Vec<_> = cache
        .unknown()
        .map(|labels| {
            let mut out = Vec::new();
            put_sorted(&mut out, &mut labels.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect()).unwrap();
            Some(out)
        })
        .collect();
    let count = finals.len();
    cache.learn(finals);
    count
}

fn scrape(cache: &mut Cache, body: &str, format: Format, now_ms: i64) -> Outcome {
    cache.read(body.as_bytes(), format, Wanted::default()).unwrap_or_else(|e| panic!("{e}: {body}"));
    learn_all(cache);
    cache.finish(&Finish { now_ms, honor_timestamps: true, ..Finish::default() }).unwrap()
}

fn rows(cache: &Cache, outcome: &Outcome) -> Vec<(String, i64, f64)> {
    outcome.rows.iter().map(|row| (shown(cache.labels(row.series)), row.ms, f64::from_bits(row.bits))).collect()
}

#[test]
fn samples_are_read() {
    let body = concat!(
        "# HELP a some\\nhelp\n# TYPE a counter\n\n  a{x=\"1\", y = \"q\\\"\\\\\\n\\z\",} 1e3 1234\n",
        "b 0x\n"
    );
    let mut cache = Cache::new();
    let error = cache.read(body.as_bytes(), Format::Text, Wanted::default()).unwrap_err();
    assert_eq!(error.to_string(), "line 5: \"0x\" is no number");
    let outcome = scrape(&mut cache, &body.replace("0x", "-Inf"), Format::Text, 7);
    let found = rows(&cache, &outcome);
    assert_eq!(found[0], ("a{x=\"1\",y=\"q\\\"\\\\\\n\\\\z\"}".into(), 1234, 1000.0));
    assert_eq!(found[1], ("b".into(), 7, f64::NEG_INFINITY));
    let metadata = cache.metadata(b"a").unwrap();
    assert_eq!((metadata.kind, metadata.help.as_str()), (Kind::Counter, "some\nhelp"));
    assert_eq!(&*cache.series(0).family, b"a");
    assert_eq!(&*cache.series(1).family, b"");
}

#[test]
fn names_may_be_quoted() {
    let mut cache = Cache::new();
    let outcome = scrape(&mut cache, "{\"http.total\", \"é x\"=\"}\"} 1\n", Format::Text, 7);
    assert_eq!(rows(&cache, &outcome), [("http.total{é x=\"}\"}".into(), 7, 1.0)]);
}

#[test]
fn bounds_are_written_one_way() {
    for (given, wanted) in [
        ("1", "1.0"),
        ("0.5", "0.5"),
        ("1e6", "1e+06"),
        ("100000", "100000.0"),
        ("+Inf", "+Inf"),
        ("0", "0.0"),
        ("1234567", "1.234567e+06"),
        ("0.00001", "1e-05"),
        ("x", "x"),
    ] {
        let mut cache = Cache::new();
        let body = format!("# TYPE h histogram\nh_bucket{{le=\"{given}\"}} 1\n");
        let outcome = scrape(&mut cache, &body, Format::Text, 7);
        assert_eq!(rows(&cache, &outcome)[0].0, format!("h_bucket{{le=\"{wanted}\"}}"));
    }
}

#[test]
fn wrong_lines_are_named() {
    for (body, wanted) in [
        ("a{x=\"1\" 1\n", "`{` is not closed"),
        ("a{x=\"1} 1\n", "a quote is not closed"),
        ("a{x=1} 1\n", "label \"x\" needs a value in double quotes"),
        ("a{x=\"1\" y=\"2\"} 1\n", "expected `,` or `}` before \"y=\\\"2\\\"}\""),
        ("a{x=\"1\",x=\"2\"} 1\n", "label \"x\" is given twice"),
        ("a{1=\"1\"} 1\n", "expected a label name before \"1=\\\"1\\\"}\""),
        ("a\n", "expected a value behind the name, got \"\""),
        ("a 1 2 3\n", "more than value and timestamp: \"3\""),
        ("a 1 1.5\n", "\"1.5\" is no timestamp"),
        ("a-b 1\n", "\"a-b\" is no name without quotes"),
        ("{x=\"1\"} 1\n", "the series has no name"),
        ("# TYPE a thing\n", "\"thing\" is no type of a metric"),
    ] {
        let error = Cache::new().read(body.as_bytes(), Format::Text, Wanted::default()).unwrap_err();
        assert_eq!(error, Error { line: 1, what: wanted.into() }, "{body}");
    }
}

#[test]
fn open_metrics_has_more_and_allows_less() {
    let body = concat!(
        "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n",
        "a_seconds_total{x=\"1\"} 17 1.5 # {trace_id=\"abc\"} 0.5 1.25\na_seconds_created 5\n# EOF\n"
    );
    let mut cache = Cache::new();
    let outcome = scrape(&mut cache, body, Format::OpenMetrics, 7);
    assert_eq!(rows(&cache, &outcome)[0], ("a_seconds_total{x=\"1\"}".into(), 1500, 17.0));
    assert_eq!(outcome.exemplars.len(), 1);
    assert_eq!((outcome.exemplars[0].ms, f64::from_bits(outcome.exemplars[0].bits)), (1250, 0.5));
    assert_eq!(cache.metadata(b"a_seconds").unwrap().unit, "seconds");
    // The same exemplar again is none.
    assert_eq!(scrape(&mut cache, body, Format::OpenMetrics, 8).exemplars.len(), 0);
    for (body, wanted) in [
        ("a 1\n", "the answer does not end with `# EOF`: was it cut off?"),
        ("a 1\n\n# EOF\n", "an empty line"),
        ("# EOF\na 1\n", "there is more behind `# EOF`"),
        ("# other\n# EOF\n", "only # HELP, # TYPE, # UNIT and # EOF are possible, got \"# other\""),
        ("# UNIT a seconds\n# EOF\n", "the unit \"seconds\" must be the end of the name \"a\""),
        ("a 1 # 2\n# EOF\n", "an exemplar needs labels in braces"),
    ] {
        let error = Cache::new().read(body.as_bytes(), Format::OpenMetrics, Wanted::default()).unwrap_err();
        assert_eq!(error.what, wanted, "{body}");
    }
}

#[test]
fn what_was_learnt_is_not_asked_again_and_what_has_gone_is_stale() {
    let mut cache = Cache::new();
    let first = scrape(&mut cache, "a 1\nb 2\nc 3 5\n", Format::Text, 10);
    assert_eq!((first.scraped, first.kept, first.added), (3, 3, 3));
    cache.read(b"b 2\na 4\nd 1\n", Format::Text, Wanted::default()).unwrap();
    assert_eq!(learn_all(&mut cache), 1);
    let second = cache.finish(&Finish { now_ms: 20, ..Finish::default() }).unwrap();
    assert_eq!(second.added, 1);
    // c had a timestamp of its own, and is not followed.
    assert!(second.rows.iter().all(|row| row.bits != cache::STALE));
    let third = scrape(&mut cache, "a 4\n", Format::Text, 30);
    let stale: Vec<_> = third.rows.iter().filter(|row| row.bits == cache::STALE).collect();
    assert_eq!(stale.iter().map(|row| shown(cache.labels(row.series))).collect::<Vec<_>>(), ["b", "d"]);
    let failed = cache.fail(40);
    assert_eq!(failed.len(), 1);
    assert!(cache.fail(50).is_empty());
    assert_eq!(scrape(&mut cache, "a 4\n", Format::Text, 60).added, 1);
}

#[test]
fn an_answer_that_is_wrong_changes_nothing() {
    let mut cache = Cache::new();
    scrape(&mut cache, "a 1\n", Format::Text, 10);
    assert!(cache.read(b"a 1\nb 1\n!\n", Format::Text, Wanted::default()).is_err());
    cache.read(b"a 1\nb 1\n", Format::Text, Wanted::default()).unwrap();
    assert_eq!(learn_all(&mut cache), 1);
}

#[test]
fn the_same_series_twice_counts_once() {
    let mut cache = Cache::new();
    let outcome = scrape(&mut cache, "a 1\na{} 2\na 3 4\n", Format::Text, 10);
    assert_eq!((outcome.rows.len(), outcome.duplicates), (2, 1));
}

#[test]
fn limits_end_a_scrape() {
    let mut cache = Cache::new();
    cache.read(b"a 1\nb 1\n", Format::Text, Wanted::default()).unwrap();
    learn_all(&mut cache);
    let error = cache.finish(&Finish { sample_limit: 1, ..Finish::default() }).unwrap_err();
    assert_eq!(error, "2 samples, and sample_limit is 1");
}

#[test]
fn keys_that_no_longer_come_are_forgotten() {
    let mut cache = Cache::new();
    for round in 0..5 {
        let body: String = (0..2000).map(|i| format!("a{{i=\"{}\"}} 1\n", round * 2000 + i)).collect();
        let outcome = scrape(&mut cache, &body, Format::Text, round);
        assert_eq!(outcome.added, 2000);
        assert_eq!(outcome.rows.len(), if round == 0 { 2000 } else { 4000 });
    }
    assert_eq!(scrape(&mut cache, "a{i=\"9000\"} 1\n", Format::Text, 9).added, 0);
}

#[test]
fn an_answer_means_the_same_whatever_was_seen_before() {
    let bodies = [
        "a 1\nab 2\n",
        "ab 1\na 2\n",
        "a{x=\"1\"} 1\n",
        "a {x=\"1\"} 2\n",
        "a  {x=\"1\"} 2\n",
        "a\t3\n",
        "a  4\na 5 6\n",
        "a{x=\"1\"}5\n",
        "a{x=\"1\",y=\"}\"} 5\nab 9\n",
        "a{x=\"1\"}{ 5\n",
        "a{ 5\n",
        "a\n",
    ];
    for first in bodies {
        for second in bodies {
            let mut cache = Cache::new();
            let _ = cache.read(first.as_bytes(), Format::Text, Wanted::default()).map(|_| learn_all(&mut cache));
            let mut fresh = Cache::new();
            let [known, new] = [&mut cache, &mut fresh].map(|cache| {
                cache.read(second.as_bytes(), Format::Text, Wanted::default()).map(|_| {
                    learn_all(cache);
                    let outcome = cache.finish(&Finish { honor_timestamps: true, ..Finish::default() }).unwrap();
                    rows(cache, &outcome)
                })
            });
            assert_eq!(known, new, "{first:?}, {second:?}");
        }
    }
}

#[test]
fn whole_numbers_are_read_exactly() {
    for text in ["0", "007", "999999999999999", "9007199254740993", "99999999999999999999", "-0", "+1"] {
        let mut cache = Cache::new();
        let outcome = scrape(&mut cache, &format!("a {text}\n"), Format::Text, 1);
        assert_eq!(outcome.rows[0].bits, text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
}
