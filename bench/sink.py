"""The far end of a bench: takes everything, counts items and sums their digests.

`python -m bench.sink` listens on 127.0.0.1:14317 (gRPC) and 14318 (HTTP); a line on standard input is
answered by a line of JSON with the totals so far; end of input ends it.
"""

import json
import sys
import threading

from otelier._core import Inbox, Server

SIZE_LIMIT = 64 << 20


class Sink:
    """Counts what two servers receive."""

    def __init__(self, grpc_port: int = 14317, http_port: int = 14318) -> None:
        self._inbox = Inbox(4 * SIZE_LIMIT)
        self._lock = threading.Lock()
        self._items = self._requests = self._bytes = self._digest = 0
        self._servers = [
            Server(json.dumps(server_options(kind, port)).encode(), self._inbox)
            for kind, port in (("grpc", grpc_port), ("otlp_http", http_port))
        ]
        for _ in range(2):
            threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while not self._inbox.closed:
            delivery = self._inbox.receive("traces", 8 << 20, 1.0)
            if delivery is None:
                continue
            batch = delivery.batch
            delivery.accept()
            digest = batch.digest()
            with self._lock:
                self._items += batch.items
                self._requests += delivery.requests
                self._bytes += batch.size_bytes
                self._digest = (self._digest + digest) % 2**64

    def totals(self) -> dict[str, int]:
        with self._lock:
            return {
                "items": self._items,
                "requests": self._requests,
                "bytes": self._bytes,
                "digest": self._digest,
            }


def server_options(kind: str, port: int) -> dict[str, object]:
    return {"kind": kind, "host": "127.0.0.1", "port": port, "limits": {"max_message_bytes": SIZE_LIMIT}}


def main() -> None:
    sink = Sink()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(sink.totals()), flush=True)


if __name__ == "__main__":
    main()
