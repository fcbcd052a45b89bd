"""Fixtures of all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of conformance data; tests that need it carry `@pytest.mark.shared`."""
    root = Path(__file__).parent.parent
    folder = (root / os.environ.get("OTELIER_SHARED", "../shared")).resolve()
    if not folder.is_dir():
        pytest.skip(f"OTELIER_SHARED: there is no folder {folder}")
    return folder
