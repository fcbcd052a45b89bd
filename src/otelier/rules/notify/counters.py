"""What is counted of notifications, under Prometheus's names."""

from collections.abc import Callable, Iterator

from ...component import Meter, Reading

_BOUNDS_S = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counters:
    """Of all that are told, by where."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._forget: list[Callable[[], None]] = []
        self._sent = meter.counter("prometheus_notifications_sent", "{alert}", "Alerts told.")
        self._errors = meter.counter("prometheus_notifications_errors", "{request}", "Tries to tell that failed.")
        self._dropped = meter.counter("prometheus_notifications_dropped", "{alert}", "Alerts that were not told.")
        self._latency = meter.histogram(
            "prometheus_notifications_latency_seconds", "s", "How long telling takes.", _BOUNDS_S
        )

    def sent(self, where: str, alerts: int, seconds: float) -> None:
        """Alerts were told."""
        self._sent.add(alerts, alertmanager=where)
        self._latency.record(seconds, alertmanager=where)

    def failed(self, where: str) -> None:
        """One try failed."""
        self._errors.add(1, alertmanager=where)

    def dropped(self, where: str, reason: str, alerts: int) -> None:
        """Alerts were given up."""
        self._dropped.add(alerts, alertmanager=where, reason=reason)

    def watch(self, lines: Callable[[], list[tuple[str, int, int]]]) -> None:
        """`lines`: where, how many wait, how many may."""

        def waiting() -> Iterator[Reading]:
            yield from (({"alertmanager": url}, float(length)) for url, length, _ in lines())

        def capacity() -> Iterator[Reading]:
            yield from (({"alertmanager": url}, float(most)) for url, _, most in lines())

        def known() -> Iterator[Reading]:
            yield {}, float(len(lines()))

        self._forget = [
            self._meter.observe(f"prometheus_notifications_{name}", "gauge", unit, text, reader)
            for name, unit, text, reader in (
                ("queue_length", "{alert}", "Alerts that wait.", waiting),
                ("queue_capacity", "{alert}", "Alerts that may wait.", capacity),
                ("alertmanagers_discovered", "{alertmanager}", "Known Alertmanagers.", known),
            )
        ]

    def unwatch(self) -> None:
        """Their lines are gone: others take their place."""
        for forget in self._forget:
            forget()
