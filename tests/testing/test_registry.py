"""A private registry leaves nothing behind."""

from otelier.component import Config, Extension, Kind, extension
from otelier.component.registry import find, registrations
from otelier.testing import private_registry


class NoConfig(Config):
    pass


def test_components_of_a_test_are_forgotten_after_it():
    before = registrations()
    with private_registry(empty=True):
        assert registrations() == []

        @extension("guest", stability="development", aliases=("visitor",))
        class Guest(Extension):
            cfg: NoConfig

        assert find(Kind.EXTENSION, "visitor").component is Guest
    assert find(Kind.EXTENSION, "guest") is None
    assert len(registrations()) >= len(before)
