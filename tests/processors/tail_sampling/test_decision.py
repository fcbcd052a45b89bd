"""Precedence, order and errors."""

import numpy as np
import pytest

from otelier.component import OtelierError
from otelier.processors.tail_sampling.decision import NOBODY, decide
from otelier.processors.tail_sampling.policies.and_ import And
from otelier.processors.tail_sampling.policies.composite import Composite
from otelier.processors.tail_sampling.policies.not_ import Not
from otelier.processors.tail_sampling.verdict import Verdict

from .due import Due, rows

YES, NO, DROPPED, ERROR = Verdict.SAMPLED, Verdict.NOT_SAMPLED, Verdict.DROPPED, Verdict.ERROR
VETO, INVERTED = Verdict.INVERT_NOT_SAMPLED, Verdict.INVERT_SAMPLED


class Says:
    """Says what it was told to, and remembers whom it was asked about."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.name = "says"
        self.asked = 0
        self._verdicts = verdicts

    def matchers(self):
        return ()

    def evaluate(self, rows, offset, now_s):
        self.asked += len(rows)
        return np.array((self._verdicts * len(rows))[: len(rows)], np.int8)


class Broken(Says):
    def evaluate(self, rows, offset, now_s):
        raise OtelierError("can't tell")


@pytest.mark.parametrize(
    ("said", "final", "decider"),
    [
        ([NO, NO], NO, NOBODY),
        ([NO, YES, YES], YES, 1),
        ([YES, DROPPED], DROPPED, 1),
        ([VETO, YES], NO, 0),
        ([YES, VETO], NO, 1),
        ([INVERTED, NO], NO, NOBODY),
        ([INVERTED, YES, NO], YES, 1),
        ([NO, ERROR], NO, NOBODY),
        ([ERROR, INVERTED], YES, 1),
        ([ERROR, YES], YES, 1),
        ([], NO, NOBODY),
    ],
)
def test_the_strongest_verdict_wins_and_the_first_who_said_it_is_named(said, final, decider):
    found = decide([Says(verdict) for verdict in said], rows([Due()]), 0.0)
    assert (found.verdicts.tolist(), found.deciders.tolist()) == ([final], [decider])


def test_what_is_dropped_is_offered_to_nobody_else():
    behind = Says(YES)
    found = decide([Says(DROPPED, NO), behind], rows([Due()] * 4), 0.0)
    assert behind.asked == 2
    assert found.matrix[1].tolist() == [Verdict.NOT_ASKED, YES, Verdict.NOT_ASKED, YES]


def test_with_first_match_what_is_sampled_is_offered_to_nobody_else():
    behind = Says(VETO)
    found = decide([Says(YES, NO), behind], rows([Due()] * 4), 0.0, first_match=True)
    assert behind.asked == 2
    assert found.verdicts.tolist() == [YES, NO, YES, NO]


def test_a_policy_that_fails_is_counted_and_stops_nobody():
    found = decide([Broken(), Says(YES, NO)], rows([Due()] * 3), 0.0)
    assert found.errors.tolist() == [3, 0]
    assert found.verdicts.tolist() == [YES, NO, YES]


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        (And("and", [Says(YES), Says(ERROR), Says(NO)]), ERROR),
        (And("and", [Says(NO), Says(ERROR)]), NO),
        (Not("not", Says(ERROR)), ERROR),
        (Composite("composite", [Says(NO), Says(ERROR), Says(YES)], [10, 10, 10]), ERROR),
        (Composite("composite", [Says(YES), Says(ERROR)], [10, 10]), YES),
    ],
)
def test_an_error_of_a_part_that_had_to_be_asked_is_one_of_the_whole(policy, verdict):
    assert policy.evaluate(rows([Due()]), 0, 0.0).tolist() == [verdict]


def test_no_traces_no_decisions():
    found = decide([Says(YES), Broken()], rows([]), 0.0)
    assert (len(found.verdicts), found.errors.tolist()) == (0, [0, 0])
