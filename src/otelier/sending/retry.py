"""How long to wait before each further attempt: exponential back-off with jitter."""

from collections.abc import Iterator
from random import SystemRandom

from .settings import RetrySettings

_RANDOM = SystemRandom()  # no seed that processes could share


def delays(settings: RetrySettings) -> Iterator[float]:
    """Seconds before the second, third, … attempt, without end."""
    interval = float(settings.initial_interval)
    spread = settings.randomization_factor
    while True:
        yield interval * _RANDOM.uniform(1 - spread, 1 + spread)
        interval = min(interval * settings.multiplier, settings.max_interval)
