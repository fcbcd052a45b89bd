"""Codes get places, whichever way."""

import numpy as np
import pytest

from otelier.query.traceql.metrics.numbering import numbered


@pytest.mark.parametrize("size", [10, 2**40])
def test_places_are_in_order_of_the_codes(size):
    present, own = numbered(np.array([7, 3, 7, 9]), size)
    assert present.tolist() == [3, 7, 9]
    assert own.tolist() == [1, 0, 1, 2]


def test_nothing_has_no_places():
    present, own = numbered(np.zeros(0, np.int64), 0)
    assert (len(present), len(own)) == (0, 0)
