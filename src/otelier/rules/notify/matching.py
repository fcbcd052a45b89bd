"""Which alerts a receiver or a rule is about."""

from collections.abc import Iterable, Mapping

from ...wire.prometheus.alert_matcher import alert_matcher


class Matchers:
    """All have to fit. Raises BadMatcher."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._matchers = [alert_matcher(text) for text in texts]

    def fit(self, labels: Mapping[str, str]) -> bool:
        """A label that isn't there is empty."""
        return all(each.fits(labels.get(each.name, "")) for each in self._matchers)
