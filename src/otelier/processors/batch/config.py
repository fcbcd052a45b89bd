"""Keys of `batch`."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ...component import ComponentID, Config, Duration


class BatchConfig(Config):
    timeout: Duration = Duration(0.2)
    """Send what waits after this time, whatever its size; 0 = don't wait."""
    send_batch_size: Annotated[int, Meta(ge=0)] = 8192
    """Send as soon as this many spans, data points or log records wait; 0 = don't wait."""
    send_batch_max_size: Annotated[int, Meta(ge=0)] = 0
    """Split so that no batch has more items than this; 0 = send all that waits at once."""
    metadata_keys: tuple[str, ...] = ()
    """Client metadata (keys in any case) whose values must be equal within a batch; only these go on with it.
    One thread sends what is due, so while the next component blocks for one combination, the others' data waits
    beyond `timeout`, unless it fills a batch."""
    storage: ComponentID | None = None
    """Otelier's addition: extension that keeps what waits on disk, such as `file_storage`."""
    metadata_cardinality_limit: Annotated[int, Meta(ge=0)] = 1000
    """Most combinations of those values ever seen; data with further ones is refused. 0 = no limit."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The order of sizes, the sign of the time, keys given twice."""
        if self.timeout < 0:
            yield "timeout", "must not be negative"
        if 0 < self.send_batch_max_size < self.send_batch_size:
            yield "send_batch_max_size", f"must be 0 or at least send_batch_size ({self.send_batch_size})"
        if len({key.lower() for key in self.metadata_keys}) < len(self.metadata_keys):
            yield "metadata_keys", "names a key twice (upper and lower case are the same)"

    def reads_metadata(self) -> bool:
        return bool(self.metadata_keys)
