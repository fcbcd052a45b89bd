"""Inhibition: while one alert fires, others that it explains are not told of."""

from collections.abc import Iterable, Sequence

from ...scrape.config.rules import InhibitConfig
from .matching import Matchers
from .told import Told


class Inhibition:
    """All rules of it."""

    def __init__(self, rules: Iterable[InhibitConfig]) -> None:
        self._rules = [(Matchers(each.source_matchers), Matchers(each.target_matchers), each.equal) for each in rules]

    def mutes(self, alert: Told, firing: Sequence[Told]) -> bool:
        """Whether one of those that fire explains this one. An alert that fits both sides of a rule mutes no other
        such."""
        for source, target, equal in self._rules:
            if not target.fit(alert.labels):
                continue
            also_source = source.fit(alert.labels)
            for other in firing:
                if (
                    other.labels != alert.labels
                    and source.fit(other.labels)
                    and all(other.labels.get(name, "") == alert.labels.get(name, "") for name in equal)
                    and not (also_source and target.fit(other.labels))
                ):
                    return True
        return False
