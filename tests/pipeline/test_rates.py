"""Rates are over the time between two looks, whoever looks."""

from otelier.pipeline.rates import Rates
from otelier.testing import FakeClock


def test_rates_are_since_the_look_before_and_at_first_since_the_beginning():
    clock = FakeClock()
    rates = Rates[str](clock)
    assert rates.look({"a": 0.0}) == ({"a": 0.0}, 0)
    clock.advance(10)
    assert rates.look({"a": 50.0}) == ({"a": 5.0}, 10)
    clock.advance(10)
    assert rates.look({"a": 50.0, "new": 20.0}) == ({"a": 2.5, "new": 1.0}, 20)
    clock.advance(15)
    assert rates.look({"a": 80.0, "new": 20.0}) == ({"a": 30 / 25, "new": 20 / 25}, 25)


def test_after_a_long_pause_rates_are_since_the_beginning_again():
    clock = FakeClock()
    rates = Rates[str](clock)
    clock.advance(10)
    rates.look({"a": 1000.0})
    clock.advance(90)
    assert rates.look({"a": 2000.0}) == ({"a": 20.0}, 100)


def test_two_looks_at_once_do_not_spoil_each_other():
    clock = FakeClock()
    rates = Rates[str](clock)
    clock.advance(10)
    assert rates.look({"a": 50.0}) == ({"a": 5.0}, 10)
    clock.advance(0.1)
    answer, over_s = rates.look({"a": 50.5})
    assert (round(answer["a"], 6), round(over_s, 6)) == (5.0, 10.1)
