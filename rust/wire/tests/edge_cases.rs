//! What protobuf allows and few senders do: the same field twice, rivals in a oneof, headers behind their items.

use std::sync::Arc;

use bytes::Bytes;
use otelier_wire::{Batch, DecodeError, Intake, Limits, Signal, intake};

/// A length-delimited field.
fn put(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    assert!(number < 16 && content.len() < 16_384);
    let length = content.len() as u8 | 0x80;
    [&[number << 3 | 2, length, (content.len() >> 7) as u8], &content[..]].concat()
}

fn span(trace: u8, name: &str) -> Vec<u8> {
    put(2, &[&put(1, &[&[trace; 16]]), &put(2, &[&[7; 8]]), &put(5, &[name.as_bytes()])])
}

fn traces(spans: &[&[u8]]) -> Vec<u8> {
    put(1, &[&put(2, spans)])
}

fn take(signal: Signal, bytes: &[u8]) -> Intake {
    intake(signal, Bytes::copy_from_slice(bytes), &Limits::default()).expect("a request that is taken")
}

fn batch(signal: Signal, bytes: &[u8]) -> Batch {
    Batch::new(signal, vec![take(signal, bytes).segment], None)
}

#[test]
fn the_last_of_two_trace_ids_counts() {
    let first_bad = put(2, &[&put(1, &[b"short"]), &put(1, &[&[1; 16]]), &put(2, &[&[7; 8]])]);
    let last_bad = put(2, &[&put(1, &[&[1; 16]]), &put(1, &[b"short"]), &put(2, &[&[7; 8]])]);
    let two_good = put(2, &[&put(1, &[&[1; 16]]), &put(2, &[&[7; 8]]), &put(1, &[&[2; 16]])]);
    let found = take(Signal::Traces, &traces(&[&first_bad, &last_bad, &two_good]));
    assert_eq!((found.segment.items(), found.rejected), (2, 1));
    let ids = Batch::new(Signal::Traces, vec![found.segment], None).trace_ids();
    assert_eq!(ids, Some([[1; 16], [2; 16]].concat()));
}

#[test]
fn resources_in_two_halves_become_one() {
    let attribute = |key: &[u8]| put(1, &[&put(1, &[key])]);
    let halves = put(1, &[&put(1, &[&attribute(b"a")]), &put(2, &[&span(1, "x")]), &put(1, &[&attribute(b"b")])]);
    let whole = put(1, &[&put(2, &[&span(1, "x")]), &put(1, &[&attribute(b"a"), &attribute(b"b")])]);
    assert_eq!(batch(Signal::Traces, &halves).digest(), batch(Signal::Traces, &whole).digest());
}

#[test]
fn a_metric_has_the_data_that_came_last() {
    let points = |count: usize| put(1, &[]).repeat(count);
    let metric = |data: &[&[u8]]| put(1, &[&put(2, &[&put(2, data)])]);
    let gauge_then_sum = metric(&[&put(5, &[&points(3)]), &put(7, &[&points(2)])]);
    assert_eq!(take(Signal::Metrics, &gauge_then_sum).segment.items(), 2);
    let sum_twice = metric(&[&put(7, &[&points(3)]), &put(1, &[b"name"]), &put(7, &[&points(2)])]);
    assert_eq!(take(Signal::Metrics, &sum_twice).segment.items(), 5);
    let interrupted = metric(&[&put(7, &[&points(3)]), &put(5, &[&points(1)]), &put(7, &[&points(2)])]);
    assert_eq!(take(Signal::Metrics, &interrupted).segment.items(), 2);
}

#[test]
fn good_bytes_are_not_copied() {
    let bytes = Bytes::from(traces(&[&span(1, "x")]));
    let found = intake(Signal::Traces, bytes.clone(), &Limits::default()).expect("good");
    assert_eq!(found.segment.bytes().as_ptr(), bytes.as_ptr());
}

#[test]
fn groups_emptied_by_bad_ids_go_and_empty_ones_stay() {
    let bad = put(2, &[&put(5, &[b"no ids"])]);
    let empty = put(1, &[&put(3, &[b"schema"])]);
    let found = take(Signal::Traces, &[traces(&[&bad]), empty, traces(&[&bad, &span(1, "x")])].concat());
    assert_eq!((found.segment.items(), found.rejected), (1, 1 + 1));
    assert_eq!(found.reason, "2 spans have no valid trace_id (16 bytes, not all zero)");
    let text = found.segment.bytes();
    assert!(text.windows(6).any(|part| part == b"schema") && !text.windows(6).any(|part| part == b"no ids"));
    assert_eq!(text.iter().filter(|byte| **byte == 0x0a).count(), 2 + 1); // two resources, one trace id
}

#[test]
fn strings_longer_after_repair_get_longer_lengths() {
    let name = [0xff; 100];
    let spans: Vec<u8> = (1..60)
        .flat_map(|_| [put(2, &[&put(1, &[&[1; 16]]), &put(2, &[&[7; 8]]), &put(5, &[&name])])].concat())
        .collect();
    let found = take(Signal::Traces, &traces(&[&spans]));
    assert_eq!((found.segment.items(), found.repaired), (59, 59));
    let again = take(Signal::Traces, found.segment.bytes());
    assert_eq!((again.segment.items(), again.repaired, again.segment.bytes()), (59, 0, found.segment.bytes()));
}

#[test]
fn whole_segments_are_shared_by_split_and_select() {
    let three = batch(Signal::Traces, &traces(&[&span(1, "a"), &span(2, "b"), &span(3, "c")]));
    let many = Batch::join(Signal::Traces, [&three, &three, &three].into_iter());
    let parts = many.split(4);
    assert_eq!(parts.iter().map(Batch::items).collect::<Vec<_>>(), [4, 4, 1]);
    assert!(Arc::ptr_eq(&parts[0].segments()[0], &three.segments()[0]));
    let chosen = many.select(&[1, 1, 1, 0, 0, 0, 0, 1, 0]).expect("a byte per item");
    assert!(Arc::ptr_eq(&chosen.segments()[0], &three.segments()[0]));
    assert_eq!(chosen.segments().len(), 2);
    assert_eq!(chosen.trace_ids(), Some([[1; 16], [2; 16], [3; 16], [2; 16]].concat()));
    assert_eq!(many.select(&[1]).map(|b| b.items()), None);
}

#[test]
fn a_schema_url_behind_the_spans_goes_with_every_part() {
    let url = put(3, &[b"https://opentelemetry.io/schemas/1.30.0"]);
    let request = put(1, &[&put(2, &[&span(1, "a"), &span(2, "b"), &url]), &url]);
    let parts = batch(Signal::Traces, &request).split(1);
    assert_eq!(parts.len(), 2);
    for part in parts {
        let bytes = part.to_bytes();
        assert_eq!(bytes.windows(url.len() - 3).filter(|part| *part == &url[3..]).count(), 2);
    }
}

#[test]
fn errors_say_where_and_what() {
    let refused = |bytes: &[u8], limits: Limits| {
        intake(Signal::Traces, Bytes::copy_from_slice(bytes), &limits).expect_err("a refusal")
    };
    let mut broken = traces(&[&span(1, "x")]);
    broken[8] = 0x7d; // the span's tag: field 15 with a wire type that a scope has no field for
    let error = refused(&broken, Limits::default());
    assert!(matches!(&error, DecodeError::Malformed { path, .. } if path == "resource_spans.scope_spans"), "{error}");
    let two = traces(&[&span(1, "x"), &span(2, "y")]);
    assert_eq!(refused(&two, Limits { max_items: 1, ..Limits::default() }), DecodeError::TooManyItems { limit: 1 });
    assert!(matches!(
        refused(&two, Limits { max_depth: 2, ..Limits::default() }),
        DecodeError::TooDeep { limit: 2, .. }
    ));
}
