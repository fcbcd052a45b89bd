"""Fixtures of all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failed test.
settings.register_profile("otelier", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("otelier")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of conformance data; tests that need it carry `@pytest.mark.shared`."""
    root = Path(__file__).parent.parent
    folder = (root / os.environ.get("OTELIER_SHARED", "../shared")).resolve()
    if not folder.is_dir():
        pytest.skip(f"OTELIER_SHARED: there is no folder {folder}")
    return folder
