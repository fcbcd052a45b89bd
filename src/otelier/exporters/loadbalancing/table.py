"""Who gets what: the backends in the ring at one moment, and the split of a batch among them."""

from collections.abc import Sequence
from itertools import count

from ..._core import Router
from ...telemetry import Batch
from .backend import Backend
from .ring import RingVersion, ring_table


class Table:
    """Immutable but for whose turn it is."""

    def __init__(
        self, backends: Sequence[Backend], key: str, attributes: Sequence[str] = (), ring: RingVersion = "v2"
    ) -> None:
        self.backends = tuple(backends)
        self.keyed = key != "round_robin"
        """Whether the same item always belongs to the same backend."""
        self._turns = count()
        self._router: Router | None = None
        if self.keyed and len(self.backends) > 1:
            table = ring_table([backend.endpoint for backend in self.backends], ring)
            self._router = Router(
                key,  # pyright: ignore[reportArgumentType]
                table.modulus,
                table.positions,
                table.owners,
                attributes=attributes,
                bare=ring == "v1",
            )

    def split(self, batch: Batch) -> list[tuple[Backend, Batch]]:
        """The part of each backend; backends without a part are left out."""
        if self._router is None:
            return [(self.backends[next(self._turns) % len(self.backends)], batch)]
        return [(self.backends[owner], part) for owner, part in self._router.split(batch)]

    def belongs(self, backend: Backend, batch: Batch) -> bool:
        """Whether all of a batch may stay with this backend."""
        if backend not in self.backends:
            return False
        return not self.keyed or all(owner is backend for owner, _ in self.split(batch))
