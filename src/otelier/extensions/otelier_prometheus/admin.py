"""Routes that change the store or look at it as a whole: `/api/v1/admin/tsdb/…`, as Prometheus's API has them."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from ...component import Clock
from ...scrape.selector import fits, matchers
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.contract import DataDirectoryError
from ...storage.metrics import MetricsEngine
from ...storage.metrics.snapshot import take_snapshot
from ...storage.request_tenant import tenant
from .routes import accepted, error_answer, success

T = TypeVar("T")
_EARLIEST_MS, _LATEST_MS = -(2**62), 2**62
_PATIENCE_S = 10.0
"""Who asks is answered by then: well before a client, or the process in between, gives up."""
_SECONDS = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z", re.ASCII)
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("", "0", "f", "F", "FALSE", "false", "False")


class Admin:
    """Handlers over a store and its data directory."""

    def __init__(self, engine: MetricsEngine, directory: Path, clock: Clock, patience_s: float = _PATIENCE_S) -> None:
        """`patience_s`: real seconds that a request waits for what it asks for."""
        self._engine = engine
        self._patience_s = patience_s
        self._directory = directory
        self._clock = clock

    def group(self) -> Group:
        """By POST and PUT."""
        routes = {"delete_series": self.delete, "clean_tombstones": self.clean, "snapshot": self.snapshot}
        return Group(
            [
                Route(method, f"/api/v1/admin/tsdb/{name}", handler)
                for name, handler in routes.items()
                for method in ("POST", "PUT")
            ],
            error_answer,
        )

    def delete(self, request: Request) -> Response:
        """204 when it is deleted; 202 if it is noted durably and takes longer."""
        query = request.query
        selectors = query.all("match[]")
        if not selectors:
            raise HttpError(400, "no match[] parameter provided")
        wanted = [_read("match[]", matchers, text) for text in selectors]
        start_ms = _read("start", _moment_ms, query.first("start"), _EARLIEST_MS)
        end_ms = _read("end", _moment_ms, query.first("end"), _LATEST_MS)
        if any(fits(each)({}) for each in wanted):
            raise HttpError(400, "match[] must contain at least one non-empty matcher")
        with _disk_errors():
            self._engine.delete(tenant(request), wanted, start_ms, end_ms)
        return self._deleted()

    def clean(self, _: Request) -> Response:
        """204 when all is carried out that somebody wants deleted; 202 if that takes longer."""
        return self._deleted()

    def _deleted(self) -> Response:
        if self._engine.until_deleted(self._patience_s):
            return Response(204)
        return accepted(
            "the deletion is noted and goes on in the background, also after a restart, until parts of the disk that "
            "can't be read now can be; until it is done, queries may still find such series. clean_tombstones answers "
            "204 when nothing is left to delete"
        )

    def snapshot(self, request: Request) -> Response:
        """The name of a copy in `snapshots` of the data directory, without what is in the log alone if `skip_head`."""
        skip = request.query.first("skip_head")
        if skip not in _TRUE + _FALSE:
            problem = f'unable to parse boolean: strconv.ParseBool: parsing "{skip[:40]}": invalid syntax'
            raise HttpError(400, f'invalid parameter "skip_head": {problem}')
        with _disk_errors():
            name = take_snapshot(self._directory, self._engine, self._clock, skip_log=skip in _TRUE)
        return success({"name": name})


@contextmanager
def _disk_errors() -> Generator[None]:
    """As HttpError."""
    try:
        yield
    except (DataDirectoryError, OSError) as error:
        raise HttpError(500, str(error)) from error


def _read(name: str, read: Callable[[str], T], text: str, default: T | None = None) -> T:
    """Raises HttpError."""
    if default is not None and not text:
        return default
    try:
        return read(text)
    except ValueError as error:
        raise HttpError(400, f'invalid parameter "{name}": {error}') from error


def _moment_ms(text: str) -> int:
    """Seconds since 1970, or RFC 3339; what lies beyond all time means its edge. Raises ValueError."""
    wrong = ValueError(f"cannot parse {msgspec.json.encode(text[:40]).decode()} to a valid timestamp")
    if _SECONDS.match(text):
        ms = float(text) * 1000
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise wrong from None
        if moment.tzinfo is None:
            raise wrong
        ms = moment.timestamp() * 1000
    return round(min(max(ms, _EARLIEST_MS), _LATEST_MS))
