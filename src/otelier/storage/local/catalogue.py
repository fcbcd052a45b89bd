"""The catalogue: lists of services, operations and attribute keys, in SQLite. A cache: what is true stands elsewhere.

It is brought in step with a state of the manifest by comparing the segments it knows with those that live, so it may
be behind, deleted or damaged at any time. What was seen carries the newest generation that it was seen in, and is
forgotten when all that lives is younger: one row each, however many segments there are.
"""

import logging
import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..._core import Disk
from ...telemetry import Signal
from .layout import CATALOGUE
from .manifest import Segment, State
from .summary import Summary, read_summary

_log = logging.getLogger("otelier.store")
_VERSION = 1
_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE segments (path TEXT PRIMARY KEY, tenant TEXT, signal TEXT, generation INTEGER) WITHOUT ROWID;
CREATE TABLE services (
    tenant TEXT, signal TEXT, service TEXT, generation INTEGER, PRIMARY KEY (tenant, signal, service)
) WITHOUT ROWID;
CREATE TABLE operations (
    tenant TEXT, service TEXT, name TEXT, kind INTEGER, first_ns INTEGER, last_ns INTEGER, generation INTEGER,
    PRIMARY KEY (tenant, service, name, kind)
) WITHOUT ROWID;
CREATE TABLE keys (
    tenant TEXT, signal TEXT, key TEXT, type TEXT, generation INTEGER, PRIMARY KEY (tenant, signal, key, type)
) WITHOUT ROWID;
"""
_SEEN = ("services", "operations", "keys")
_INT_MAX = 2**63 - 1
_JOURNAL_BYTES = 256 * 1024
_MOST_OPERATIONS = 10_000
"""Per segment, those with the most spans: names made of ids must not swamp the lists."""


class Catalogue:
    """The writer's side. It never raises for what is wrong with its file: it makes a new one."""

    def __init__(self, disk: Disk, path: Path | None) -> None:
        """`path` None: in memory."""
        self._disk = disk
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def follow(self, state: State) -> None:
        """Bring it in step with the state; what can't be done now is done next time."""
        with self._lock:
            try:
                self._follow(self._opened(), state)
            except sqlite3.Error as error:
                _log.warning("the catalogue can't be used: %s; making it anew", error)
                self._discard()
                with suppress(sqlite3.Error, OSError):
                    self._follow(self._opened(), state)
            except OSError as error:
                _log.warning("the catalogue is behind: %s", error)

    def check(self, state: State) -> None:
        """Make it anew if somebody has deleted it."""
        if self._path and not self._path.exists():
            with self._lock:
                self._discard()
            self.follow(state)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection:
                with suppress(sqlite3.Error):
                    self._connection.close()
            self._connection = None

    # -- under the lock -----------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self._path)
        return self._connection

    def _discard(self) -> None:
        if self._connection:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None
        if self._path:
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self._path.with_name(self._path.name + suffix).unlink()

    def _follow(self, connection: sqlite3.Connection, state: State) -> None:
        known = {path for (path,) in connection.execute("SELECT path FROM segments")}
        gone = known - state.segments.keys()
        new = [segment for path, segment in state.segments.items() if path not in known]
        if not gone and not new:
            return
        with connection:
            for segment in new:
                try:
                    summary = read_summary(self._disk, segment.path)
                except (OSError, ValueError) as error:
                    _log.error("no summary of %s: %s; its services are missing in lists", segment.path, error)
                    continue
                _insert(connection, segment, summary)
            connection.executemany("DELETE FROM segments WHERE path = ?", ((path,) for path in gone))
            if gone:
                _forget(connection)


def _insert(connection: sqlite3.Connection, segment: Segment, summary: Summary) -> None:
    tenant, signal, generation = segment.tenant, segment.signal, segment.generation
    connection.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", (segment.path, tenant, signal, generation))
    newest = "DO UPDATE SET generation = max(generation, excluded.generation)"
    connection.executemany(
        f"INSERT INTO services VALUES (?, ?, ?, ?) ON CONFLICT (tenant, signal, service) {newest}",  # noqa: S608
        ((tenant, signal, service, generation) for service in summary.services),
    )
    operations = sorted(summary.operations, key=lambda each: -each[3])[:_MOST_OPERATIONS]
    first, last = (min(each, _INT_MAX) for each in (summary.min_start_ns, summary.max_start_ns))
    connection.executemany(
        f"INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, service, name, kind) {newest}, "  # noqa: S608
        "first_ns = min(first_ns, excluded.first_ns), last_ns = max(last_ns, excluded.last_ns)",
        ((tenant, service, name, kind, first, last, generation) for service, name, kind, *_ in operations),
    )
    connection.executemany(
        f"INSERT INTO keys VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, signal, key, type) {newest}",  # noqa: S608
        ((tenant, signal, key, kind, generation) for key, kind, *_ in summary.keys),
    )


def _forget(connection: sqlite3.Connection) -> None:
    """What was last seen before the oldest segment that lives."""
    for table in _SEEN:
        signal = "'traces'" if table == "operations" else f"{table}.signal"
        connection.execute(
            f"DELETE FROM {table} WHERE generation < ifnull((SELECT min(generation) FROM segments "  # noqa: S608
            f"WHERE segments.tenant = {table}.tenant AND segments.signal = {signal}), {_INT_MAX})"
        )


def _open(path: Path | None) -> sqlite3.Connection:
    """An open catalogue of this version, empty if there was none. Raises sqlite3.Error, OSError."""
    if path:  # SQLite would make it readable to others; its other files follow it
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    connection = sqlite3.connect(path or ":memory:", check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 64")
        connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(_SCHEMA)
        elif version != _VERSION or connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError(f"{path} is damaged or of another version")
    except BaseException:
        connection.close()
        raise
    return connection


class CatalogueReader:
    """The readers' side, in any process: empty lists while there is none or it is damaged."""

    def __init__(self, root: Path) -> None:
        self._address = f"file:{quote(str((root / CATALOGUE).resolve()))}?mode=ro"

    def services(self, tenant: str, signal: Signal = "traces") -> list[str]:
        """Names of services, sorted."""
        rows = self._rows("SELECT service FROM services WHERE tenant = ? AND signal = ? ORDER BY 1", tenant, signal)
        return [service for (service,) in rows]

    def operations(self, tenant: str, service: str | None = None) -> list[tuple[str, str, int]]:
        """(service, name, kind), sorted; of one service, or of all."""
        where = "tenant = ?" if service is None else "tenant = ? AND service = ?"
        given = (tenant,) if service is None else (tenant, service)
        return self._rows(f"SELECT service, name, kind FROM operations WHERE {where} ORDER BY 1, 2, 3", *given)  # noqa: S608

    def segments(self, tenant: str, signal: Signal = "traces") -> set[str]:
        """Paths of the segments that the lists take account of."""
        rows = self._rows("SELECT path FROM segments WHERE tenant = ? AND signal = ?", tenant, signal)
        return {path for (path,) in rows}

    def keys(self, tenant: str, signal: Signal = "traces") -> list[tuple[str, str]]:
        """(attribute key, type), sorted."""
        return self._rows("SELECT key, type FROM keys WHERE tenant = ? AND signal = ? ORDER BY 1, 2", tenant, signal)

    def _rows(self, query: str, *given: str) -> list[Any]:
        try:
            with closing(sqlite3.connect(self._address, uri=True)) as connection:
                return connection.execute(query, given).fetchall()
        except sqlite3.Error:  # also a damaged file: the writer makes it anew
            return []
