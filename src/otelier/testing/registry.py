"""Components that exist for one test only."""

from collections.abc import Generator
from contextlib import contextmanager

from ..component import registry


@contextmanager
def private_registry(*, empty: bool = False) -> Generator[None]:
    """What is registered inside is forgotten at the end; `empty` hides the product's own components meanwhile."""
    registry.load_components()  # first: a module imported inside would lose its registration at the end
    with registry.scope(empty=empty):
        yield
