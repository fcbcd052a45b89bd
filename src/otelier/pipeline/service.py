"""A plan at work: everything started in order, stopped in reverse order against one deadline."""

import logging
import time
from collections.abc import Mapping

from .._core import __version__
from ..component import INSTANCE_ID, Clock, Extension, StartError, SystemClock
from ..server.address import Address
from ..server.metrics_endpoint import MetricsEndpoint
from .custody import custody_points
from .graph import Graph, Node, build
from .pages import ServicePages
from .plan import Plan
from .process_metrics import observe_process

_log = logging.getLogger("otelier.service")


class Service:
    """One life: made (all components exist) → `start` → runs → `stop`."""

    def __init__(self, plan: Plan, clock: Clock | None = None) -> None:
        """Raises ConfigError if a component refuses its configuration."""
        self.clock = clock or SystemClock()
        self.plan = plan
        self.graph: Graph = build(plan, self.clock)
        ServicePages(plan, self.graph, self.clock).add_to(self.graph.pages)
        self._endpoints: list[MetricsEndpoint] = []
        self._started: list[Node] = []

    def start(self) -> None:
        """Start all or nothing. Raises StartError after it has stopped what had started."""
        began = time.monotonic()
        observe_process(self.graph.meter, self.clock)
        try:
            self._start_metrics()
            for node in self.graph.start_order():
                self._start_node(node)
        except BaseException:
            self._stop_started()
            raise
        for extension in self._extensions():
            extension.notify_ready()
        self._log_custody()
        _log.info("everything is ready; started in %.0f ms", (time.monotonic() - began) * 1000)

    def stop(self) -> None:
        """Let everything accepted flow out, at most for the configured time, then let go of it."""
        _log.info("stopping")
        for extension in self._extensions():
            try:
                extension.notify_stopping()
            except Exception:  # noqa: BLE001 (the stop goes on)
                _log.exception("%s failed when told about the stop", extension.ctx.id)
        self._stop_started()
        _log.info("stopped")

    def _start_metrics(self) -> None:
        telemetry = self.plan.settings.telemetry
        for reader in telemetry.metrics.endpoints():
            endpoint = MetricsEndpoint(self.graph.meter, reader, resource=resource_attributes(telemetry.resource))
            self._endpoints.append(endpoint)
            endpoint.start()
            _log.info("own metrics at http://%s/metrics", Address(*endpoint.address))

    def _start_node(self, node: Node) -> None:
        # What has half started is stopped, too: `stop` without a successful `start` is allowed.
        self._started.append(node)
        try:
            node.component.start()
        except StartError as error:
            raise StartError(f"{node.label}: {error}", exit_code=error.exit_code) from error
        except Exception as error:
            raise StartError(f"{node.label} can't start: {error}") from error

    def _stop_started(self) -> None:
        deadline = self.clock.monotonic() + self.plan.settings.shutdown_timeout
        for node in self._started:
            try:
                node.component.prepare_stop(deadline)
            except Exception:  # noqa: BLE001 (the stop goes on)
                _log.exception("%s failed when told the deadline of the stop", node.label)
        while self._started:
            node = self._started.pop()
            try:
                node.component.stop(deadline)
            except Exception:  # noqa: BLE001 (the stop goes on)
                _log.exception("%s did not stop cleanly", node.label)
        while self._endpoints:
            self._endpoints.pop().stop()

    def _extensions(self) -> list[Extension]:
        return [node.component for node in self._started if isinstance(node.component, Extension)]

    def _log_custody(self) -> None:
        for pipeline in self.graph.pipelines:
            for point in custody_points(self.graph, pipeline):
                loss = "; a kill loses " + ", ".join(point.loss_windows) if point.loss_windows else ""
                _log.info("pipeline %s: custody with %s%s", pipeline.id, point, loss)


def resource_attributes(configured: Mapping[str, object]) -> dict[str, str]:
    """What Otelier says it is: the defaults, changed by `service.telemetry.resource`; null removes one."""
    defaults = {"service.name": "otelier", "service.version": __version__, "service.instance.id": INSTANCE_ID}
    return {key: str(value) for key, value in {**defaults, **configured}.items() if value is not None}
