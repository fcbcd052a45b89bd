"""A store in a folder of its own and the whole query application over it, asked over HTTP."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier.api.application import Application
from otelier.api.options import Options
from otelier.component import Meter, SystemClock
from otelier.server.http import HttpServerSettings
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.telemetry import Batch


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, raw: http.client.HTTPResponse) -> None:
        self.status = raw.status
        self.headers = raw.headers
        self.body = raw.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Backend:
    """`store` keeps a batch, `ask` asks; the writer and the reader share nothing but the folder."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.engine = open_store(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())
        settings = HttpServerSettings(endpoint="127.0.0.1:0")
        self.application = Application(Options(server=settings, tempo=settings, data_dir=str(directory), **options))
        self.application.start()

    def store(self, batch: Batch, tenant: str = "default") -> None:
        self.engine.append(tenant, batch)

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        return self.ask_at(self.application.address, path, method, body, **headers)

    @staticmethod
    def ask_at(address: tuple[str, int], path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(*address, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def close(self) -> None:
        self.application.stop(5)
        close_store(self.engine)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    backend = Backend(tmp_path)
    yield backend
    backend.close()


@pytest.fixture
def ask_at() -> Callable[..., Answer]:
    """Asks at an address, as `Backend.ask` does."""
    return Backend.ask_at
