"""Lines and columns count from 1."""

import pytest

from otelier.component.position import line_and_column


@pytest.mark.parametrize(("at", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (6, (4, 1)), (7, (4, 2))])
def test_a_line_ends_with_its_line_feed(at, place):
    assert line_and_column("ab\nc\n\nd", at) == place
