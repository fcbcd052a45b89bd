"""The memory ballast: taken as it is written in old configurations, without using memory."""

import resource

import pytest

from otelier.component import Kind
from otelier.component.registry import find
from otelier.extensions.memory_ballast import MemoryBallast, MemoryBallastConfig
from otelier.testing import component_context


@pytest.mark.proves("memory_ballast.size_mib")
def test_a_ballast_of_a_gibibyte_uses_no_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ballast = MemoryBallast(MemoryBallastConfig(size_mib=1024), component_context("memory_ballast"))
    ballast.start()
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 50
    ballast.stop(0)


def test_users_are_told_what_to_use_instead():
    registration = find(Kind.EXTENSION, "memory_ballast")
    assert registration
    assert "memory_limiter" in registration.replaced_by


@pytest.mark.proves("memory_ballast.size_in_percentage")
def test_more_than_all_memory_is_a_configuration_error():
    ((path, _),) = MemoryBallastConfig(size_in_percentage=101).problems()
    assert path == "size_in_percentage"
