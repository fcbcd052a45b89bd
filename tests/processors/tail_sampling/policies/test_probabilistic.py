"""The same traces as the Collector's, to the bit."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.processors.tail_sampling.policies.probabilistic import (
    Probabilistic,
    ProbabilisticConfig,
    fnv1a,
    threshold_of,
)

from ..due import Due, rows

NUMBERS = range(10_000, 12_000)


def kept(percentage: float, salt: str = "default-hash-seed") -> set[int]:
    policy = Probabilistic("p", ProbabilisticConfig(sampling_percentage=percentage, hash_salt=salt))
    said = policy.evaluate(rows([Due(number=n) for n in NUMBERS]), 0, 0.0)
    return {number for number, yes in zip(NUMBERS, said, strict=True) if yes}


@pytest.mark.proves("tail_sampling.probabilistic")
def test_five_percent_of_a_known_set_of_ids():
    found = kept(5)
    assert len(found) == 108
    limit = (2**64 - 1) * Fraction(0.05)
    ids = {n: hashlib.md5(str(n).encode(), usedforsecurity=False).digest() for n in NUMBERS}
    assert found == {n for n, id_ in ids.items() if fnv1a(b"default-hash-seed" + id_) <= limit}


def test_another_salt_keeps_others():
    assert kept(5, "x") != kept(5)
    assert len(kept(50, "x") & kept(50)) == pytest.approx(500, abs=100)


def test_a_larger_percentage_keeps_what_a_smaller_one_does():
    assert kept(0) == set() < kept(1) < kept(5) < kept(100) == set(NUMBERS)


@pytest.mark.parametrize(
    ("data", "value"), [(b"", 0xCBF29CE484222325), (b"a", 0xAF63DC4C8601EC8C), (b"foobar", 0x85944171F73967E8)]
)
def test_the_hash_has_its_published_values(data, value):
    assert fnv1a(data) == value


@given(st.floats(0, 1))
def test_the_threshold_is_a_rounded_product(ratio):
    threshold = threshold_of(ratio)
    assert 0 <= threshold <= 2**64 - 1
    assert abs(threshold - Fraction(ratio) * (2**64 - 1)) < 2
    assert np.uint64(threshold) == threshold
