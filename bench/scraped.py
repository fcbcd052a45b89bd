"""`python -m bench.scraped`: bytes a sample of real scrapes on disk, labels included, us beside Prometheus.

Four live processes are scraped while they work: Prometheus (which scrapes all of them and answers queries), the
Collector (spans come in, are batched and sent on), Otelier (takes those spans and is asked for them) and this machine,
as a node exporter shows /proc. Two hours of scrapes every 15 s are made in some minutes: every value was read from a
process at work, but a step of 15 s has what happened in `--pause` seconds, so load is as much more. What was
scraped is then stored twice, with the same timestamps: by Otelier as one window of two hours, by Prometheus
as a block (a snapshot). `--record` keeps the scrapes, `--replay` stores what was kept.
"""

import argparse
import contextlib
import json
import pickle
import random
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from otelier._core import Disk, Samples, ScrapeCache, SeriesLog, flush_series, snappy
from otelier.wire.protobuf import double, integer, length_delimited, text

from . import corpus
from .node import exposition
from .process import System

STEPS = 480
STEP_MS = 15_000
_MUST = 0.9
_WINDOW_MS = 2 * 3_600_000
_SCRAPED = {
    "prometheus": "http://127.0.0.1:19090/metrics",
    "collector": "http://127.0.0.1:18888/metrics",
    "otelier": "http://127.0.0.1:8888/metrics",
}
_COLLECTOR = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:14318"}}}},
    "processors": {"batch": {"timeout": "100ms"}},
    "exporters": {"otlp": {"endpoint": "127.0.0.1:4317", "tls": {"insecure": True}}},
    "service": {
        "telemetry": {
            "metrics": {
                "level": "detailed",
                "readers": [{"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": 18888}}}}],
            }
        },
        "pipelines": {"traces": {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["otlp"]}},
    },
}
_QUERIES = ("up", "rate(prometheus_http_requests_total[1m])", "sum by (job) ({job!=''})", "count({job='node'})")


class Scrape(NamedTuple):
    step: int
    job: str
    body: bytes


def record(folder: Path, pause_s: float) -> list[Scrape]:
    jobs = [{"job_name": name, "static_configs": [{"targets": [url.split("/")[2]]}]} for name, url in _SCRAPED.items()]
    (folder / "prometheus.yml").write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    (folder / "collector.yaml").write_text(json.dumps(_COLLECTOR))
    peers = corpus.cache_folder() / "peers"
    commands = {
        "otelier": [sys.executable, "-m", "otelier", "--data-dir", f"{folder}/otelier"],
        "collector": [str(peers / "otelcol"), f"--config={folder}/collector.yaml"],
        "prometheus": [
            str(peers / "prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            "--web.listen-address=127.0.0.1:19090",
        ],
    }
    found: list[Scrape] = []
    with contextlib.ExitStack() as stack:
        for name, command in commands.items():
            system = stack.enter_context(System(command, {}, folder / f"{name}.log"))
            system.wait_until_healthy(_SCRAPED[name])
        ended = threading.Event()
        work = threading.Thread(target=_work, args=(ended,), daemon=True)
        work.start()
        time.sleep(5)
        for step in range(STEPS):
            until = time.monotonic() + pause_s
            for name, url in _SCRAPED.items():
                with urllib.request.urlopen(url, timeout=10) as answer:
                    found.append(Scrape(step, name, answer.read()))
            found.append(Scrape(step, "node", exposition()))
            time.sleep(max(0.0, until - time.monotonic()))
        ended.set()
        work.join()
    return found


def _work(ended: threading.Event) -> None:
    """Spans and queries at a rate that goes up and down, now and then none at all."""
    dice = random.Random(1)
    while not ended.is_set():
        for _ in range(dice.choice((0, 1, 1, 2, 5))):
            _ask("http://127.0.0.1:14318/v1/traces", _spans(dice), "application/json")
        if dice.random() < 0.3:
            _ask(f"http://127.0.0.1:19090/api/v1/query?query={urllib.request.quote(dice.choice(_QUERIES))}")
        if dice.random() < 0.3:
            _ask("http://127.0.0.1:16686/api/traces?service=shop&limit=5")
        ended.wait(dice.uniform(0.01, 0.1))


def _ask(url: str, body: bytes | None = None, content_type: str = "") -> None:
    request = urllib.request.Request(url, body, {"Content-Type": content_type} if body else {})
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def _spans(dice: random.Random) -> bytes:
    now = time.time_ns()
    spans = [
        {
            "traceId": dice.randbytes(16).hex(),
            "spanId": dice.randbytes(8).hex(),
            "name": dice.choice(("checkout", "browse", "pay")),
            "startTimeUnixNano": str(now - dice.randrange(10**9)),
            "endTimeUnixNano": str(now),
        }
        for _ in range(dice.randrange(1, 40))
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).encode()


def samples_of(scrapes: list[Scrape]) -> Iterator[tuple[int, Samples]]:
    """Time in ms and samples of each, as Otelier's scraper makes them; each target has its place in the interval."""
    begin_ms = int(time.time() * 1000) // _WINDOW_MS * _WINDOW_MS - _WINDOW_MS
    caches: dict[str, tuple[int, ScrapeCache, list[tuple[str, str]]]] = {}
    for scrape in scrapes:
        if scrape.job not in caches:
            own = [("job", scrape.job), ("instance", f"{scrape.job}.example:9090")]
            reports = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
            reports += ("scrape_samples_post_metric_relabeling", "scrape_series_added")
            cache = ScrapeCache([[("__name__", name), *own] for name in reports])
            caches[scrape.job] = 2_300 * (len(caches) + 1), cache, own
        offset, cache, own = caches[scrape.job]
        if unknown := cache.read(scrape.body, "text"):
            cache.learn([[*labels, *own] for labels in unknown])
        now_ms = begin_ms + scrape.step * STEP_MS + offset
        took_s = random.uniform(0.001, 0.03)
        yield now_ms, cache.finish(now_ms, took_s, [], metadata=scrape.step == 0).samples


def ours(scrapes: list[Scrape], folder: Path) -> tuple[int, Counter[str]]:
    """Samples, and bytes of each kind of file."""
    disk = Disk.real(folder)
    log = SeriesLog(disk, "log", sync="never", max_unflushed_bytes=1 << 32)
    samples = 0
    for now_ms, each in samples_of(scrapes):
        samples += log.append("default", each, now_ms, 0, now_ms).samples
    log.rotate()
    flush_series(disk, log, [number for number, _ in log.generations()], "segments", time.time_ns())
    log.close()
    sizes: Counter[str] = Counter()
    for file in (folder / "segments").rglob("*"):
        if file.is_file():
            sizes[file.name.partition(".")[2]] += file.stat().st_size
    return samples, sizes


def theirs(scrapes: list[Scrape], folder: Path) -> Counter[str]:
    """Bytes of each kind of file."""
    (folder / "prometheus.yml").write_text('{"storage": {"tsdb": {"out_of_order_time_window": "1d"}}}')
    url = "http://127.0.0.1:19090"
    command = [
        str(corpus.cache_folder() / "peers" / "prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        "--web.listen-address=127.0.0.1:19090",
        "--web.enable-remote-write-receiver",
        "--web.enable-admin-api",
        "--storage.tsdb.min-block-duration=1d",
        "--storage.tsdb.max-block-duration=1d",
    ]
    with System(command, {}, folder / "log") as system:
        system.wait_until_healthy(f"{url}/-/ready")
        for _, each in samples_of(scrapes):
            _write(url, each)
        with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/admin/tsdb/snapshot", b"")) as answer:
            name = json.load(answer)["data"]["name"]
        sizes: Counter[str] = Counter()
        for file in (folder / "tsdb" / "snapshots" / name).rglob("*"):
            if file.is_file():
                sizes["chunks" if file.parent.name == "chunks" else file.name] += file.stat().st_size
    return sizes


def _write(url: str, samples: Samples) -> None:
    body = b""
    for labels, _, (floats, _, _) in samples.contents():
        pairs = b"".join(length_delimited(1, text(1, name) + text(2, value)) for name, value in labels)
        values = b"".join(length_delimited(2, double(1, value) + integer(2, ms)) for ms, value in floats)
        body += length_delimited(1, pairs + values)
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/write", snappy(body), headers), timeout=60):
        return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between scrapes")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / each for each in ("live", "ours", "theirs")]
        for each in folders:
            each.mkdir()
        kept = options.replay.read_bytes() if options.replay else b""
        scrapes = pickle.loads(kept) if kept else record(folders[0], options.pause)
        if options.record:
            options.record.write_bytes(pickle.dumps(scrapes))
        samples, sizes = ours(scrapes, folders[1])
        peer = theirs(scrapes, folders[2]) if (corpus.cache_folder() / "peers" / "prometheus").exists() else Counter()
    found: dict[str, dict[str, float]] = {}
    for system, parts in (("otelier", sizes), ("prometheus", peer)):
        found[system] = {"all": parts.total() / samples} | {part: size / samples for part, size in parts.most_common()}
        print(f"{system}, bytes a sample of {samples} (must {_MUST}):")
        print("  " + ", ".join(f"{part} {size:.3f}" for part, size in found[system].items()))
    if options.json:
        options.json.write_text(json.dumps({"samples": samples, "bytes_per_sample": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
