"""Configurations written in place."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a file into an empty current folder and gives its name, so that places read `c.yaml:1:2`."""
    monkeypatch.chdir(tmp_path)

    def write_file(text: str | bytes, name: str = "c.yaml") -> str:
        Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    return write_file
