"""The small data directory in `data/`, which every later version must read: `python -m tests.storage.format_1.write`.

It is written anew only when a part of format 1 can't be seen in it yet; what was written once stays readable.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from otelier.component import Meter
from otelier.storage.directory import METRICS
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.storage.metrics.open import close_metrics, open_metrics
from otelier.telemetry import Batch
from otelier.testing import FakeClock, counter, decode, gauge, log_record, logs, metrics, span, traces
from otelier.testing.telemetry import START_NS, key_values

DATA = Path(__file__).parent / "data"
SPANS, RECORDS, SECOND_NS = 120, 60, 10**9
KEPT = ("manifest", "segments", f"{METRICS}/manifest", f"{METRICS}/segments")
"""The log is empty, the rest can be made anew."""


def spans() -> Iterator[Batch]:
    """For two segments; a trace in three has spans in both."""
    for part in range(2):
        of_traces = [one(n) for n in range(SPANS) if (n % 3 == 2) == bool(part)]
        yield traces(*of_traces, resource={"service.name": "shop", "k8s.pod.name": f"pod-{part}"})


def one(n: int):
    attributes = {
        "http.route": f"/r{n % 5}",
        "order.id": f"order-{1_000_003 * n % 999_983}",
        "items": n,
        "price": n / 3,
        "paid": n % 4 == 0,
        "tags": ["a", n],
        **({f"rare.{n}": "한국어"} if n % 40 == 0 else {}),
    }
    made = span(
        f"GET /r{n % 5}",
        trace=n // 3,
        number=n,
        parent=None if n % 3 == 0 else n - 1,
        start_ns=START_NS + n * SECOND_NS,
        duration_ns=(n + 1) * 10**6,
        kind="SERVER" if n % 3 == 0 else "CLIENT",
        status="ERROR" if n % 10 == 0 else "OK",
        attributes=attributes,
    )
    if n % 10 == 0:
        made.status.message = "no such cart"
        event = made.events.add(name="exception", time_unix_nano=made.start_time_unix_nano + 1000)
        event.attributes.extend(key_values({"exception.type": "KeyError"}))
        made.links.add(trace_id=bytes(15) + b"\x01", span_id=bytes(7) + b"\x02")
    return made


def records() -> Batch:
    """For one segment."""
    made = [
        log_record(
            f"작업을 끝냈다 order {n} paid",
            number=17 if n % 10 == 0 else 9,
            time_ns=START_NS + n * SECOND_NS,
            attributes={"order.id": f"order-{n}", "retries": n % 3},
        )
        for n in range(RECORDS)
    ]
    made[1].body.kvlist_value.values.extend(key_values({"code": 500, "why": "timeout"}))
    return logs(*made)


def points() -> Batch:
    """A counter, a gauge of decimals, one of doubles, and an exponential histogram."""
    every = [
        counter("orders", *range(1, 61), attributes={"zone": "a"}),
        gauge("level", *(n / 4 for n in range(60)), unit=""),
        gauge("exact", 0.1 + 0.2, 1e-300, unit=""),
        gauge("sizes", 1.0),
    ]
    batch = metrics(*every)
    message = decode(batch)
    found = message.resource_metrics[0].scope_metrics[0].metrics[3]
    time_ns = found.gauge.data_points[0].time_unix_nano
    found.Clear()
    found.name = "sizes"
    found.exponential_histogram.aggregation_temporality = 2
    point = found.exponential_histogram.data_points.add(time_unix_nano=time_ns, count=6, sum=20.0, scale=1)
    point.positive.bucket_counts.extend([1, 2, 3])
    point.exemplars.add(time_unix_nano=time_ns, as_double=4.0, trace_id=bytes(15) + b"\x01", span_id=bytes(7) + b"\x02")
    return Batch.from_otlp("metrics", message.SerializeToString())


def write(root: Path) -> None:
    """A data directory, ended in good order."""
    settings, clock = StoreSettings(data_dir=str(root)), FakeClock()
    engine = open_store(settings, clock, Meter())
    for batch in (*spans(), records()):
        engine.append("default", batch)
        engine.flush(everything=True)
    close_store(engine)
    of_metrics = open_metrics(settings, clock, Meter())
    of_metrics.append_otlp("default", points())
    close_metrics(of_metrics)


def main() -> None:
    place = DATA.with_suffix(".new")
    write(place)
    shutil.rmtree(DATA, ignore_errors=True)
    for name in KEPT:
        (DATA / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).rename(DATA / name)
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
