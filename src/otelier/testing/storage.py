"""A storage on a simulated disk: a test may fail its calls, and let the power go."""

from .._core import Disk, QueueFile, Records
from ..component import Config, QueueStore, RecordStore, Storage
from .context import component_context


class SimulatedStorage(Storage):
    """Keeps queues, durable when they are acknowledged. A second component that opens a queue stands for the next
    process."""

    def __init__(self) -> None:
        super().__init__(Config(), component_context("simulated_storage"))

    def setup(self) -> None:
        """Make the disk."""
        self.disk = Disk.simulated()
        self.names: list[str] = []
        """Queues opened so far."""

    def open_queue(self, name: str) -> QueueStore:
        """In a folder of its own, `queue-` and the name without slashes."""
        self.names.append(name)
        return QueueFile(self.disk, f"queue-{name.replace('/', '-')}", fsync=True)

    def open_records(self, name: str) -> RecordStore:
        """In a file of its own, `records-` and the name without slashes."""
        return _KeptRecords(Records(self.disk, f"records-{name.replace('/', '-')}"))

    def loss_window(self) -> str:
        """Something to look for."""
        return "what the simulated storage says"


class _KeptRecords:
    def __init__(self, records: Records) -> None:
        self._records = records
        self.append = records.append
        self.rewrite = records.rewrite

    @property
    def records(self) -> list[bytes]:
        return self._records.records

    @property
    def size_bytes(self) -> int:
        return self._records.size_bytes

    def close(self) -> None:
        """Nothing to let go of."""
