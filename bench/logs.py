"""`python -m bench.logs`: log records in segments, asked for by words, labels and counts.

CPU milliseconds of the process and wall times; first and tenth run, the page cache dropped before the first where that
is allowed. What is looked for is drawn anew for each run; no answer is kept. Results go to standard output.
"""

import argparse
import json
import random
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otelier._core import Batch, Disk, Log, View, flush

from . import corpus
from .store import drop_caches

SERVICES = 30
IN_REQUEST = 5_000
IN_SEGMENT = 200_000
START_NS = 1_700_000_000 * 10**9
RARE = 200
"""Records with a word that no other one has."""
_ROUTES = ("orders", "carts", "users", "payments", "items", "search", "stock", "quotes")
_SEVERITIES = {9: "INFO", 5: "DEBUG", 13: "WARN", 17: "ERROR"}
MUSTS = {"bytes a record": 35.0, "rare word": 60.0, "rare part of a Korean word": 60.0, "common word, newest 100": 60.0}
"""Of 5 million records; of questions the p50 of the wall time in ms."""
FOUND = {
    "rare word": 1,
    "word that nobody wrote": 0,
    "common word, newest 100": 100,
    "part of a word (reads every line)": 1,
}
"""What must come out: a fast answer that is wrong holds nothing."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.logs")
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--keep", action="store_true", help="leave the folder, and use the one that is there")
    options = parser.parse_args()
    folder = corpus.cache_folder() / f"logs-{options.records}"
    if not (options.keep and folder.exists()):
        shutil.rmtree(folder, ignore_errors=True)
        _fill(folder, options.records)
    segments = [tuple(each) for each in json.loads((folder / "segments.json").read_text())]
    size = sum(file.stat().st_size for file in folder.glob("segments/**/*") if file.is_file())
    held = [size / options.records <= MUSTS["bytes a record"]]
    print(f"{'bytes a record':34} {size / options.records:8.1f}{_verdict('bytes a record', held[0])}")
    questions = _questions(segments, options.records)
    held += [_row(name, ask, folder, segments) for name, ask in questions.items()]
    if not options.keep:
        shutil.rmtree(folder)
    return 0 if all(held) else 1


def _verdict(name: str, held: bool) -> str:
    return f" (must {MUSTS[name]:g}: {'held' if held else 'MISSED'})" if name in MUSTS else ""


def _row(name: str, ask: Callable[[View], int], folder: Path, segments: list[Any]) -> bool:
    """Whether it holds what it must, and finds what is there."""
    ask(_view(folder, segments))  # the program itself is there; of the files nothing is kept
    dropped = drop_caches()
    view = _view(folder, segments)
    cpu, wall, founds = [], [], list[int]()
    for _ in range(10):
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        founds.append(ask(view))
        cpu.append(1e3 * (time.process_time() - cpu_s))
        wall.append(1e3 * (time.perf_counter() - wall_s))
    middle = statistics.median(wall)
    held = middle <= MUSTS.get(name, middle)
    right = all(found == FOUND.get(name, found) for found in founds)
    print(
        f"{name:34} CPU ms first {cpu[0]:7.1f}, tenth {cpu[-1]:7.1f}; wall ms first {wall[0]:.1f}"
        f"{'' if dropped else ' (cached)'}, p50 {middle:.1f}{_verdict(name, held)}, p95 {max(wall[1:]):.1f}; "
        f"found {founds[-1]}{'' if right else f' WRONG, must be {FOUND[name]}'}",
        flush=True,
    )
    return held and right


def _view(folder: Path, segments: list[Any]) -> View:
    view = View(Disk.real(folder))
    view.refresh([path for path, *_ in segments], 2**62, [(first, last) for _, first, last in segments])
    return view


def _questions(segments: list[Any], records: int) -> dict[str, Callable[[View], int]]:
    rng = random.Random()
    window = min(each[1] for each in segments), max(each[2] for each in segments)
    part_ns = (window[1] - window[0]) // 100 + 1

    def line(op: str, value: str) -> dict[str, Any]:
        return {"field": {"scope": "intrinsic", "key": "line"}, "op": op, "value": value}

    def label(name: str, value: str) -> dict[str, Any]:
        return {"field": {"scope": "label", "key": name}, "op": "=", "value": value}

    def found(view: View, *parts: dict[str, Any]) -> int:
        return len(view.search_logs("default", json.dumps({"all": parts}).encode(), *window, 100)[0])

    def counted(view: View, by: list[str], *parts: dict[str, Any], sizes: bool = False) -> int:
        filter_ = json.dumps({"all": parts}).encode()
        return sum(each[2] for each in view.count_logs("default", filter_, *window, part_ns, by, sizes=sizes)[1])

    def service() -> dict[str, Any]:
        return label("service_name", f"service-{rng.randrange(SERVICES):02}")

    def rare() -> int:
        return rng.randrange(RARE) * (records // RARE)

    return {
        "rare word": lambda view: found(view, line("words", f"ticket_{rare()}")),
        "rare part of a Korean word": lambda view: found(view, line("words", f"접수{_hangul(rare())}")),
        "word that nobody wrote": lambda view: found(view, line("words", f"nothing{rng.randrange(10**9)}")),
        "common word, newest 100": lambda view: found(view, line("words", rng.choice(["request", "결제", "cache"]))),
        "common word and a service": lambda view: found(view, service(), line("words", "timed out")),
        "errors, newest 100": lambda view: found(view, label("detected_level", "error")),
        "part of a word (reads every line)": lambda view: found(view, line("contains", f"icket_{rare()} ")),
        "count by level": lambda view: counted(view, ["detected_level"]),
        "count of a service by level": lambda view: counted(view, ["detected_level"], service()),
        "count of a word by service": lambda view: counted(view, ["service_name"], line("contains", "timed out")),
        "bytes by service": lambda view: counted(view, ["service_name"], sizes=True),
    }


# -- what is stored ---------------------------------------------------------------------------


def _fill(folder: Path, records: int) -> None:
    disk = Disk.real(folder)
    log = Log(disk, "log", sync="never")
    rng = random.Random(7)
    segments: list[tuple[str, int, int]] = []
    at_ns, written, cpu_s = START_NS, 0, 0.0
    while written < records:
        for _ in range(IN_SEGMENT // IN_REQUEST):
            request, at_ns = _request(rng, written, at_ns, records)
            written += IN_REQUEST
            log.append("default", Batch.from_otlp("logs", request.SerializeToString()), at_ns)
        sealed = log.rotate()
        numbers = [number for number, _ in log.generations() if number <= sealed]
        began = time.process_time()
        flushed = [
            json.loads(each) for each in flush(disk, log, numbers, now_ns=at_ns, idle_ns=0, max_open_ns=0).segments
        ]
        cpu_s += time.process_time() - began
        segments += [(each["path"], each["min_start_ns"], each["max_start_ns"]) for each in flushed]
        log.retire(sealed)
    (folder / "segments.json").write_text(json.dumps(segments))
    print(f"{'records per CPU second, flushed':34} {written / cpu_s:8.0f}")


def _request(rng: random.Random, first: int, at_ns: int, records: int) -> tuple[ExportLogsServiceRequest, int]:
    request = ExportLogsServiceRequest()
    number = first
    for service in rng.sample(range(SERVICES), 10):
        group = request.resource_logs.add()
        name = f"service-{service:02}"
        pod = f"{name}-{rng.randrange(3)}"
        group.resource.attributes.extend([_pair("service.name", name), _pair("k8s.pod.name", pod)])
        under = group.scope_logs.add()
        under.scope.name = "app"
        for _ in range(IN_REQUEST // 10):
            at_ns += rng.randrange(1, 1_400_000)
            record = under.log_records.add(
                time_unix_nano=at_ns, observed_time_unix_nano=at_ns + rng.randrange(50) * 10**6
            )
            severity = rng.choices(list(_SEVERITIES), (80, 10, 7, 3))[0]
            record.severity_number, record.severity_text = severity, _SEVERITIES[severity]
            record.body.string_value = _rare(number) if number % (records // RARE) == 0 else _body(rng)
            if rng.random() < 0.3:
                record.trace_id, record.span_id = rng.randbytes(16), rng.randbytes(8)
            if rng.random() < 0.5:
                status = rng.choice((200, 200, 200, 404, 500))
                record.attributes.extend([_pair("http.method", "GET"), _pair("http.status_code", status)])
            number += 1
    return request, at_ns


def _body(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.45:
        return f"Handled request GET /api/v1/{rng.choice(_ROUTES)}/{rng.randrange(200_000)} in {rng.randrange(900)} ms"
    if kind < 0.6:
        return f"cache hit for key user:{rng.randrange(50_000)}"
    if kind < 0.75:
        return f"주문 {rng.randrange(1_000_000)} 결제를 처리했습니다"
    if kind < 0.85:
        return f"Published message to topic orders partition {rng.randrange(32)}"
    if kind < 0.93:
        return "health check ok"
    if kind < 0.98:
        return (
            f"slow query took {rng.randrange(9_000)} ms: SELECT * FROM orders WHERE user_id = {rng.randrange(50_000)}"
        )
    return f"connection to db-{rng.randrange(8)} timed out after 3000 ms, retrying"


def _rare(number: int) -> str:
    return f"문의 접수{_hangul(number)}를 열었습니다: ticket_{number} "


def _hangul(number: int) -> str:
    """A number as syllables."""
    return "".join(chr(0xAC00 + int(digit) * 311) for digit in str(number))


def _pair(key: str, value: str | int) -> KeyValue:
    return KeyValue(
        key=key, value=AnyValue(string_value=value) if isinstance(value, str) else AnyValue(int_value=value)
    )


if __name__ == "__main__":
    raise SystemExit(main())
