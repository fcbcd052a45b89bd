"""What there is of traces and logs, read without the directory's lock: also while another process writes it."""

from collections import Counter

from ..._core import Disk, read_generation
from ..segmented import contents as segmented
from ..segmented.contents import Contents, Part
from ..segmented.inspect import unflushed
from .manifest import Segment, State


def contents(disk: Disk) -> Contents:
    """Raises DataDirectoryError, OSError."""
    return segmented.contents(disk, Segment, _part, _logged)


def _logged(disk: Disk, state: State) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    for path, _ in unflushed(disk, state):
        try:
            records, _, _ = read_generation(disk, path)
        except FileNotFoundError:
            continue
        for _, tenant, batch, _, _, carried_from in records:
            if carried_from <= state.retired:
                found[tenant, batch.signal] += batch.items
    return found


def _part(segment: Segment) -> Part:
    return Part(segment.signal, segment.rows, segment.min_start_ns, segment.max_start_ns)
