"""logging still runs, as debug."""

import pytest

from otelier.component.registry import Kind, find
from otelier.exporters.logging import LoggingConfig


@pytest.mark.proves("logging.loglevel")
@pytest.mark.parametrize(
    ("loglevel", "verbosity"),
    [("debug", "detailed"), ("info", "normal"), ("warn", "basic"), ("error", "basic"), ("INFO", "normal")],
)
def test_loglevel_says_how_much_is_printed(loglevel, verbosity):
    assert LoggingConfig(loglevel=loglevel).as_debug().verbosity == verbosity


@pytest.mark.proves("logging.{verbosity,sampling_initial,sampling_thereafter}")
def test_verbosity_wins_over_loglevel_and_sampling_is_kept():
    debug = LoggingConfig(verbosity="detailed").as_debug()
    assert (debug.verbosity, debug.sampling_initial, debug.sampling_thereafter) == ("detailed", 2, 500)


def test_an_unknown_level_is_a_problem():
    assert [key for key, _ in LoggingConfig(loglevel="chatty").problems()] == ["loglevel"]


def test_it_says_what_it_became():
    registration = find(Kind.EXPORTER, "logging")
    assert registration is not None and registration.replaced_by == "debug"
