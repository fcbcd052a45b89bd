"""Questions at once."""

import pytest

from otelier.query.errors import Busy
from otelier.query.gate import Gate


def test_more_than_the_limit_are_told_to_come_again():
    gate = Gate(2, wait_s=0.0)
    with gate.one(), gate.one(), pytest.raises(Busy, match="2 queries run at once"), gate.one():
        pass
    with gate.one():
        pass
