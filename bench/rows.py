"""What is measured: one row per published number, with what we owe (must) and where we want to be (aim)."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("OTELIER_SHARED", ROOT.parent / "shared"))


@dataclass(frozen=True)
class Row:
    """Times the Go collector's spans per CPU-second; memory as a share of its peak."""

    name: str
    config: Path
    spans_a_request: int
    """Of the generated corpus; 0: the corpus recorded from the SDK."""
    connections: int
    must: float
    aim: float
    protocol: str = "grpc"
    lower_is_better: bool = False
    """The row is judged by peak memory: not above `must` times the peer's."""

    @property
    def port(self) -> int:
        return 4317 if self.protocol == "grpc" else 4318


_PEER = SHARED / "peers" / "configs"
_OWN = ROOT / "bench" / "configs"

ROWS = [
    Row("grpc-512", _PEER / "a-grpc.yaml", 512, 16, must=5, aim=8),
    Row("grpc-10", _PEER / "a-grpc.yaml", 10, 64, must=3, aim=6),
    Row("grpc-sdk", _PEER / "a-grpc.yaml", 0, 16, must=5, aim=8),
    Row("http-none", _PEER / "b-http-none.yaml", 512, 16, must=5, aim=8),
    Row("http-gzip", _PEER / "b-http-gzip.yaml", 512, 16, must=2.5, aim=4),
    Row("queue", _PEER / "g-persistent.yaml", 512, 16, must=5, aim=8),
    Row("queue-fsync", _OWN / "queue-fsync.yaml", 512, 16, must=5, aim=8),
    Row("memory", _OWN / "memory.yaml", 512, 16, must=1, aim=0.5, lower_is_better=True),
]
