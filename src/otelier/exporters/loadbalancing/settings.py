"""Keys of `loadbalancing`."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from ...component import Config, Duration, Remark
from ...sending import GrpcClientSettings, QueueSettings, RetrySettings, SendSettings
from ...telemetry import Signal
from .ring import RingVersion

_KEYS: dict[str, tuple[Signal, ...]] = {
    "traceID": ("traces", "logs"),
    "service": ("traces", "metrics", "logs"),
    "resource": ("traces", "metrics", "logs"),
    "metric": ("metrics",),
    "streamID": ("metrics",),
    "attributes": ("traces", "metrics", "logs"),
    "round_robin": ("traces", "metrics", "logs"),
}
"""Which key can route which signal."""

Port = Annotated[int, Meta(ge=1, le=65535)]


class OtlpTemplate(GrpcClientSettings):
    """`protocol.otlp`: how to send to each backend, as the `otlp` exporter."""

    endpoint: str = ""
    """Not to be given: it is each backend's own."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """As the `otlp` exporter's, but without an endpoint."""
        return [problem for problem in super().problems() if problem[0] != "endpoint"]


class ProtocolSettings(Config):
    """`protocol`: how to talk to backends."""

    otlp: OtlpTemplate = OtlpTemplate()
    """How to send to each backend, as the `otlp` exporter."""


class StaticSettings(Config):
    """`resolver.static`: a fixed list."""

    hostnames: tuple[str, ...]
    """`host` or `host:port` of each backend; 4317 is dialled where no port is given."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """At least one."""
        if not self.hostnames:
            yield "hostnames", "must name at least one backend"


class DnsSettings(Config):
    """`resolver.dns`: all addresses of a name."""

    hostname: str
    """The name to look up."""
    port: str = ""
    """Port of all backends; 4317 is dialled if not given."""
    interval: Duration = Duration(5)
    """Look up again after this time."""
    timeout: Duration = Duration(1)
    """Give up a lookup after this time; the backends stay as they were."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        if not self.hostname:
            yield "hostname", "must not be empty"
        if self.port and not (self.port.isdigit() and 0 < int(self.port) < 65536):
            yield "port", "must be from 1 to 65535"
        yield from _above_zero(self, "interval", "timeout")


class K8sSettings(Config):
    """`resolver.k8s`: the ready endpoints of a Kubernetes service, as they come and go."""

    service: str
    """`name.namespace`, or `name` of the namespace that this process runs in."""
    ports: tuple[Port, ...] = (4317,)
    """Ports of each endpoint; each is a backend of its own."""
    timeout: Duration = Duration(60)
    """Longest time of one request to the Kubernetes API; a watch lasts longer."""
    return_hostnames: bool = False
    """Name backends `hostname.service.namespace` instead of by address, as headless services of stateful sets do."""
    kubeconfig: str = ""
    """Otelier's addition: file with the API's address and credentials; default: those of the pod, then KUBECONFIG."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What can't be a service."""
        if not self.service.partition(".")[0]:
            yield "service", "must be name.namespace"
        if not self.ports:
            yield "ports", "must name at least one port"
        yield from _above_zero(self, "timeout")


class CloudMapSettings(Config):
    """`resolver.aws_cloud_map`: the instances of an AWS Cloud Map service."""

    namespace: str
    """Name of the namespace."""
    service_name: str
    """Name of the service in it."""
    health_status: Literal["HEALTHY", "UNHEALTHY", "ALL", "HEALTHY_OR_ELSE_ALL"] = "HEALTHY"
    """Which instances to take."""
    interval: Duration = Duration(30)
    """Ask again after this time."""
    timeout: Duration = Duration(5)
    """Longest time of one question; the backends stay as they were if it is over."""
    port: Port | None = None
    """Port of all backends; default: as each instance says, then 4317."""
    owner_account: str | None = None
    """Account that shares the namespace, if it isn't the caller's."""
    region: str = ""
    """Otelier's addition; default: AWS_REGION or AWS_DEFAULT_REGION."""
    endpoint: str = ""
    """Otelier's addition: URL of the service; default: as the region has it."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What must be given."""
        for key in ("namespace", "service_name"):
            if not getattr(self, key):
                yield key, "must not be empty"
        yield from _above_zero(self, "interval", "timeout")


class ResolverSettings(Config):
    """`resolver`: where backends are known from; exactly one."""

    static: StaticSettings | None = None
    """A fixed list."""
    dns: DnsSettings | None = None
    """All addresses of a name, looked up again and again."""
    k8s: K8sSettings | None = None
    """The ready endpoints of a Kubernetes service."""
    aws_cloud_map: CloudMapSettings | None = None
    """The instances of an AWS Cloud Map service."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """One, not none, not several."""
        if len([each for each in (self.static, self.dns, self.k8s, self.aws_cloud_map) if each]) != 1:
            yield "", "must have exactly one of static, dns, k8s and aws_cloud_map"


class HealthSettings(Config):
    """`health`: Otelier's addition. A backend that fails leaves the ring, and comes back when it works."""

    leave_after: Duration = Duration(3)
    """Leave when nothing has reached the backend for this long; 0 = never. What waits for it moves to the others."""
    return_after: Duration = Duration(10)
    """Stay out at least this long; then come back as soon as a probe works."""
    probe: Literal["none", "connect", "grpc"] = "none"
    """Also ask backends that are in: `connect` is content with any answer, `grpc` wants a good one of the gRPC health
    service (or that there is no such service). With `none`, failing sends are how trouble is found, and those that are
    out are tried as by `connect`."""
    interval: Duration = Duration(5)
    """Time between two probes of a backend."""
    timeout: Duration = Duration(1)
    """Longest time of a probe."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        for key in ("leave_after", "return_after"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"
        yield from _above_zero(self, "interval", "timeout")


class LoadBalancingConfig(Config):
    """Keys of `loadbalancing`."""

    timeout: Duration = Duration(0)
    """Longest time to hand a batch to its backends' queues, or without these to the backends; 0 = no limit."""
    retry_on_failure: RetrySettings | None = None
    """Offer again what no backend's queue could take just now; off if not given."""
    sending_queue: QueueSettings | None = None
    """A queue before the batch is split, beside those of the backends; off if not given."""
    routing_key: Literal["", "traceID", "service", "resource", "metric", "streamID", "attributes", "round_robin"] = ""
    """What goes to the same backend: `traceID` (default of traces), `service` (default of metrics and logs, but with
    `ring: v1` logs go by `traceID`), `resource` (all its attributes), `metric` (its name), `streamID` (the time
    series), `attributes` (those of `routing_attributes`). Otelier's addition: `round_robin`, whole batches in turn."""
    routing_attributes: tuple[str, ...] = ()
    """Names for `attributes`, looked for in resource, scope, then span, log record or data point. Also `span.kind`,
    `span.name`, `log.severity` and `log.body`."""
    protocol: ProtocolSettings = ProtocolSettings()
    """How to talk to backends."""
    resolver: ResolverSettings
    """Where backends are known from; exactly one."""
    ring: RingVersion = "v2"
    """Otelier's addition. The hash ring and a service's key: `v2` as Collectors from 0.160, `v1` as those up to 0.155.
    All balancers of a fleet must agree, or traces are split."""
    health: HealthSettings = HealthSettings()
    """Otelier's addition. A backend that fails leaves the ring, and comes back when it works."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What does not go together."""
        if self.timeout < 0:
            yield "timeout", "must not be negative"
        if (self.routing_key == "attributes") != bool(self.routing_attributes):
            yield "routing_attributes", "must be given with routing_key: attributes, and only with it"

    def remarks(self) -> Iterable[Remark]:
        """Versions of the Collector choose different backends; it matters where there are several."""
        static = self.resolver.static
        if self.routing_key == "round_robin" or (static and len(static.hostnames) == 1):
            return
        if self.ring == "v2":
            what = "backends are chosen as Collectors from 0.160 on choose them; those up to 0.155 have another ring"
            advice = "where one of those balances beside this, write `ring: v1`, or traces are split"
        else:
            what = "backends are chosen as Collectors up to 0.155 choose them; those from 0.160 on have another ring"
            advice = "write `ring: v2` on all balancers at once, when none of the old ones is left"
        yield Remark("ring", f"{what}, and other bytes of the key for `service` and `attributes`", advice)

    @property
    def queued(self) -> bool:
        """Whether what is taken waits in queues of the backends."""
        queue = self.protocol.otlp.sending_queue
        return queue.enabled and not queue.wait_for_result

    @property
    def in_front(self) -> SendSettings:
        """Of the path before a batch is split. Without queues behind it nobody else retries, so it does."""
        retry = self.retry_on_failure or RetrySettings(enabled=False)
        if not self.queued and not retry.enabled:
            retry = self.protocol.otlp.retry_on_failure
        queue = self.sending_queue or QueueSettings(enabled=False)
        return SendSettings(timeout=self.timeout, retry_on_failure=retry, sending_queue=queue)

    def key_for(self, signal: Signal) -> str:
        """The routing key of a signal. Raises ValueError where it has none."""
        by_trace = signal == "traces" or (signal == "logs" and self.ring == "v1")
        key = self.routing_key or ("traceID" if by_trace else "service")
        if signal not in _KEYS[key]:
            fitting = ", ".join(name for name, signals in _KEYS.items() if signal in signals)
            raise ValueError(f"routing_key: {key} can't route {signal}: use one of {fitting}")
        return key


def _above_zero(settings: Config, *keys: str) -> Iterable[tuple[str, str]]:
    for key in keys:
        if getattr(settings, key) <= 0:
            yield key, "must be above 0"
