//! Spans per CPU-second of edits and conditions over a corpus (bench/corpus.py): `edit_speed CORPUS`.

use otelier_process::{Condition, Edit};
use otelier_wire::{Batch, Segment, Signal};

/// Nanoseconds on a CPU so far.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}

fn edit(steps: &str) -> String {
    format!(r#"{{"signal": "traces", "steps": [{steps}]}}"#)
}

fn step(level: &str, when: &str, actions: &str) -> String {
    format!(r#"{{"level": "{level}", "when": {when}, "guards": 0, "on_error": "ignore", "actions": [{actions}]}}"#)
}

fn main() {
    let path = std::env::args().nth(1).expect("the corpus");
    let file = std::fs::read(path).expect("readable");
    let mut rest = &file[..];
    let mut segments = Vec::new();
    while let Some((head, tail)) = rest.split_at_checked(8) {
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes")) as usize;
        let (request, tail) = tail.split_at(word(0));
        segments.push(Segment::new(request.to_vec().into(), word(4)));
        rest = tail;
    }
    let batches: Vec<Batch> = segments.chunks(1).map(|few| Batch::new(Signal::Traces, few.to_vec(), None)).collect();
    let spans: usize = batches.iter().map(Batch::items).sum();
    let text = |text: &str| format!(r#"{{"constant": {{"str": "{text}"}}}}"#);
    let set = |key: &str, how: &str, value: &str| {
        format!(r#"{{"set": {{"key": "{key}", "how": "{how}", "value": {}}}}}"#, text(value))
    };
    let route = r#"{"attribute": ["item", "http.route", []]}"#;
    let has_route = format!(r#"{{"compare": ["!=", {route}, {{"constant": "nil"}}]}}"#);
    let healthy = format!(r#"{{"compare": ["==", {route}, {}]}}"#, text("/healthz"));
    let truncate = r#"{"truncate_all": {"limit": 4096, "utf8_safe": true}}"#;
    let resource = step("resource", "null", &set("cluster.name", "upsert", "shop-1"));
    let insert = set("deployment.region", "insert", "eu-1");
    let delete = r#"{"delete": {"key": "url.query"}}"#;
    let hash = r#"{"hash": {"key": "app.user.id"}}"#;
    let attributes = step("item", "null", &[insert.as_str(), delete, hash].join(","));
    let transform = [
        step("resource", "null", truncate),
        step("item", "null", truncate),
        step("item", &has_route, &set("app.tier", "upsert", "web")),
    ]
    .join(",");
    let filter = step("item", &healthy, r#""remove""#);
    let present = "app.checkout.k000";
    let programs = [
        ("resource upsert", resource.clone()),
        ("insert one", step("item", "null", &insert)),
        ("delete what isn't there", step("item", "null", delete)),
        ("upsert, hash one of 200 keys", step("item", "null", &format!(r#"{{"hash": {{"key": "{present}"}}}}"#))),
        ("truncate_all 4096", step("item", "null", truncate)),
        ("truncate_all 16", step("item", "null", &truncate.replace("4096", "16"))),
        ("delete_matching_keys", step("item", "null", r#"{"delete_matching": {"pattern": "k1[0-9]9$"}}"#)),
        ("attributes", attributes.clone()),
        ("transform", transform.clone()),
        ("filter as an edit", filter.clone()),
        ("fused", [resource, attributes, transform, filter].join(",")),
    ];
    // Of a batch that has just been received, so of bytes that are in the cache.
    let measure = |name: &str, once: &mut dyn FnMut(&Batch)| {
        let best = (0..3).map(|_| {
            let start = cpu_ns();
            batches.iter().step_by(5).for_each(|batch| (0..5).for_each(|_| once(batch)));
            cpu_ns() - start
        });
        println!("{name:32} {:6.0} ns/span", best.min().expect("some") as f64 / spans as f64);
    };
    println!("{spans} spans, {} bytes each", file.len() / spans);
    measure("copy", &mut |batch| drop(std::hint::black_box(batch.segments()[0].bytes().to_vec())));
    for (name, steps) in programs {
        let edit = Edit::new(edit(&steps).as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        measure(name, &mut |batch| drop(edit.apply(batch).expect("no error")));
    }
    let duration = r#"{"compare": [">", {"arithmetic": ["-", {"field": ["item", "end_time_unix_nano", []]},
        {"field": ["item", "start_time_unix_nano", []]}]}, {"constant": {"int": 1000000000}}]}"#;
    let service = r#"{"compare": ["==", {"attribute": ["resource", "service.name", []]}, {"constant": {"str": "x"}}]}"#;
    let matches = format!(
        r#"{{"call": ["IsMatch", [{{"attribute": ["item", "{present}", []]}}, {{"constant": {{"str": "^[0-9]+$"}}}}]]}}"#
    );
    for (name, form) in [
        ("http.route == /healthz", healthy.as_str()),
        ("duration", duration),
        ("service", service),
        ("IsMatch", &matches),
    ] {
        let program = format!(r#"{{"signal": "traces", "any": [{form}], "on_error": "ignore"}}"#);
        let condition = Condition::new(program.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        measure(name, &mut |batch| drop(condition.mask(batch).expect("no error")));
    }
}
