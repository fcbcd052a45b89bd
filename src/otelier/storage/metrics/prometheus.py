"""A Prometheus data directory becomes segments: of its blocks by windows of a day, or less where there is much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..._core import Disk, PrometheusBlock, PrometheusLog
from ..contract import DataDirectoryError
from .importing import Imported, Made, Session, made_of
from .incoming import INCOMING
from .scratch import scratch
from .windows import DAY_MS, MOST_SAMPLES, WINDOW_MS

_META = "meta.json"
_UNFINISHED = (".tmp-for-creation", ".tmp-for-deletion", ".tmp")
_LENGTHS = (DAY_MS, DAY_MS // 2, DAY_MS // 4, DAY_MS // 6, WINDOW_MS)


class Statistics(msgspec.Struct, frozen=True, rename="camel"):
    """What a block says that it holds."""

    num_samples: int = 0


class Parent(msgspec.Struct, frozen=True):
    """A block that is in another one now."""

    ulid: str


class Compaction(msgspec.Struct, frozen=True):
    """How a block was made."""

    parents: tuple[Parent, ...] = ()
    deletable: bool = False


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    """A block's `meta.json`; times in ms, the end excluded."""

    ulid: str
    min_time: int
    max_time: int
    version: int = 1
    stats: Statistics = Statistics()
    compaction: Compaction = Compaction()


@dataclass(frozen=True, slots=True)
class Found:
    """A Prometheus data directory."""

    root: Path
    blocks: Sequence[Meta]
    """By time. Those that are in another one are left out."""
    unreadable: Sequence[str]
    """What is wrong with others."""
    has_head: bool
    """Whether there is a write-ahead log, which has the newest samples."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a block."""

    meta: Meta
    imported: Imported | None
    """None: it was imported before."""
    faults: Sequence[str] = ()
    """What could not be read, and where."""
    fault_count: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """What became of the write-ahead log."""

    imported: Imported
    faults: Sequence[str]
    fault_count: int


def find(root: Path) -> Found:
    """Blocks of a data directory or a snapshot. Raises DataDirectoryError if it is none."""
    if not root.is_dir():
        raise DataDirectoryError(f"there is no directory {root}; name Prometheus's --storage.tsdb.path, or a snapshot")
    blocks, wrong = dict[str, Meta](), list[str]()
    for path in sorted(root.iterdir()):
        if not (path / _META).is_file() or path.name.endswith(_UNFINISHED):
            continue
        try:
            meta = msgspec.json.decode((path / _META).read_bytes(), type=Meta)
        except (OSError, msgspec.MsgspecError) as error:
            wrong.append(f"{path / _META}: {error}")
            continue
        if meta.version != 1:
            wrong.append(f"{path / _META}: version {meta.version} of blocks is not known")
        elif meta.ulid != path.name:
            wrong.append(f"{path / _META}: it says of itself that it is {meta.ulid}")
        else:
            blocks[meta.ulid] = meta
    has_head = any((root / "wal").glob("[0-9]*")) if (root / "wal").is_dir() else False
    if not (blocks or wrong or has_head):
        hint = "; it is a block itself: name the directory above" if (root / _META).is_file() else ""
        raise DataDirectoryError(f"there are no blocks of Prometheus in {root}{hint}")
    gone = {parent.ulid for each in blocks.values() for parent in each.compaction.parents}
    kept = (each for each in blocks.values() if each.ulid not in gone and not each.compaction.deletable)
    return Found(root, sorted(kept, key=lambda each: (each.min_time, each.ulid)), wrong, has_head)


def import_blocks(session: Session, found: Found, tenant: str, *, again: bool) -> Iterator[Outcome]:
    """Import one block after the other; those that were imported before only if `again`.

    Each is in the store when its outcome comes. Raises DataDirectoryError, OSError.
    """
    source = Disk.real(str(found.root))
    done = frozenset[str]() if again else session.imported()
    for meta in found.blocks:
        if _name(tenant, meta) in done:
            yield Outcome(meta, None)
            continue
        try:
            block = PrometheusBlock(source, meta.ulid)
        except (FileNotFoundError, ValueError) as error:
            yield Outcome(meta, Imported(), [f"nothing of it can be read: {error}"], 1)
            continue
        made = _write(session, block, meta, tenant)
        count, faults = block.faults()
        # What is damaged may be mended, from a backup: then the block is imported again.
        imported = session.hand_over(made, [] if count else [_name(tenant, meta)])
        yield Outcome(meta, imported, faults, count)


def import_head(session: Session, found: Found, tenant: str) -> Head:
    """Import what is in the write-ahead log alone, with its exemplars and metadata. Also while Prometheus writes it.

    Raises DataDirectoryError, OSError; FileNotFoundError if Prometheus has just removed a part of it.
    """
    source = PrometheusLog(Disk.real(str(found.root)))
    with scratch(session, WINDOW_MS) as log:
        while samples := source.read():
            log.append(tenant, samples)
        made = log.segments()
    count, faults = source.faults()
    return Head(session.hand_over(made, ()), faults, count)


def _write(session: Session, block: PrometheusBlock, meta: Meta, tenant: str) -> list[Made]:
    made = list[Made]()
    if block.range_ms is None:
        return made
    first, last = block.range_ms
    length = _length(meta, last + 1 - first)
    for start in range(first - first % length, last + 1, length):
        body = block.write(session.disk, INCOMING, tenant, start, start + length, session.clock.time_ns())
        if body is not None:
            made.append(made_of(body))
    return made


def _length(meta: Meta, span_ms: int) -> int:
    """Of windows: a day's segments go on to be merged, and what is merged must not have too many samples."""
    per_ms = meta.stats.num_samples / max(span_ms, 1)
    return next((each for each in _LENGTHS if per_ms * each <= MOST_SAMPLES), WINDOW_MS)


def _name(tenant: str, meta: Meta) -> str:
    return f"{tenant}/{meta.ulid}"
