"""Remote write 1.0 as senders send it."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterable

from otelier._core import snappy
from otelier.wire.protobuf import double, integer, length_delimited, text


def series_field(name: str, **labels: str) -> bytes:
    """The labels of a `TimeSeries`."""
    pairs = sorted({"__name__": name, **labels}.items())
    return b"".join(length_delimited(1, text(1, key) + text(2, value)) for key, value in pairs)


def request(samples: Iterable[tuple[bytes, float, int]]) -> bytes:
    """A `WriteRequest` in a snappy block, of labels, value and milliseconds of each series."""
    return snappy(
        b"".join(
            length_delimited(1, labels + length_delimited(2, double(1, value) + integer(2, at)))
            for labels, value, at in samples
        )
    )


def post(url: str, body: bytes) -> None:
    """Until it is taken; whoever is told to wait waits."""
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    for _ in range(600):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60):
                return
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise RuntimeError(f"{url}: {error.code} {error.read()[:300]!r}") from error
            time.sleep(0.1)
    raise RuntimeError(f"{url}: still busy after a minute")
