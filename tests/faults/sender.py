"""Sends numbered spans to an OTLP/gRPC port until it is refused or killed; what was acknowledged goes to a file.

    python sender.py HOST:PORT FIRST FILE SPANS_PER_SECOND

Request n holds `SPANS` spans in `SPANS // PER_TRACE` traces, whose ids say n. Each line of the file is the number of a
request that was acknowledged, and when (monotonic seconds, which all processes of a machine share).
"""

import itertools
import json
import os
import sys
import threading
import time

from otelier._core import Batch, GrpcClient
from otelier.testing import span, traces

SPANS = 500
PER_TRACE = 5
THREADS = 3


def trace_ids(request: int) -> list[bytes]:
    """The traces of a request, in order."""
    return [b"kill" + request.to_bytes(8) + at.to_bytes(4) for at in range(SPANS // PER_TRACE)]


def span_id(request: int, at: int) -> bytes:
    """Of the `at`-th span of a request."""
    return (request * SPANS + at + 1).to_bytes(8)


class Template:
    """One encoded request whose ids are written over for each number."""

    def __init__(self) -> None:
        spans = (
            span(f"op {at % 50}", trace=at // PER_TRACE, number=at, attributes=_attributes(at)) for at in range(SPANS)
        )
        self._bytes = bytearray(traces(*spans, resource={"service.name": "sender", "host.name": "a"}).to_otlp())
        # Tags and lengths of trace_id (field 1, 16 bytes) and span_id (field 2, 8 bytes), as protobuf writes them.
        self._places = [
            at for at in _finditer(self._bytes, b"\x0a\x10") if self._bytes[at + 18 : at + 20] == b"\x12\x08"
        ]
        assert len(self._places) == SPANS

    def request(self, number: int) -> Batch:
        data, ids = self._bytes, trace_ids(number)
        for at, place in enumerate(self._places):
            data[place + 2 : place + 18] = ids[at // PER_TRACE]
            data[place + 20 : place + 28] = span_id(number, at)
        return Batch.from_otlp("traces", bytes(data))


def _attributes(at: int) -> dict[str, object]:
    return {"http.route": f"/route/{at % 20}", "user.id": f"user-{at * 7919 % 1000}", "http.response.status_code": 200}


def _finditer(data: bytearray, wanted: bytes):
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def send(target: str, numbers: "itertools.count[int]", file: int, begin: float, per_s: float) -> None:
    template = Template()
    client = GrpcClient(json.dumps({"target": target, "tls": {"insecure": True}}).encode())
    first = None
    for number in numbers:
        first = number if first is None else first
        ahead_s = begin + (number - START) / per_s - time.monotonic()
        if ahead_s > 0:
            time.sleep(ahead_s)
        result = client.send(template.request(number), [], 10)
        if result.ok:
            os.write(file, f"{number} {time.monotonic()}\n".encode())
        elif result.code == 14 and "store" not in result.message:
            return


if __name__ == "__main__":
    TARGET, START, FILE, RATE = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    descriptor = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    counter, now = itertools.count(START), time.monotonic()
    threads = [
        threading.Thread(target=send, args=(TARGET, counter, descriptor, now, RATE / SPANS)) for _ in range(THREADS)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
