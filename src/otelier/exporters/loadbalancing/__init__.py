"""loadbalancing: spread over several OTLP backends, so that all of one trace, service or series meet at one.

The sender is answered when every part is in the queue of its backend; without queues, when every backend has answered.
A backend that is gone or fails for a while leaves the ring, what waits for it moves to those that own it now, and it
comes back when it works. A part that fails is retried by itself: nobody gets anything twice because of another.
"""

import msgspec

from ...component import FORWARDS, Custody, Exporter, OtelierError, StartError, exporter, find_storage
from ...sending import GrpcSender, SendPath
from ...telemetry import Batch
from .balancer import Balancer
from .resolvers import Resolver, resolver_of
from .settings import LoadBalancingConfig

_RESOLVERS = ("static", "dns", "k8s", "aws_cloud_map")


@exporter("loadbalancing", aliases=("load_balancing",), stability="beta", signals={"traces", "metrics", "logs"})
class LoadBalancing(Exporter):
    cfg: LoadBalancingConfig

    def setup(self) -> None:
        signal = self.ctx.signal or "traces"
        try:
            key = self.cfg.key_for(signal)
        except ValueError as error:
            raise OtelierError(str(error)) from error
        name = next((name for name in _RESOLVERS if getattr(self.cfg.resolver, name)), "")
        template = self.cfg.protocol.otlp
        queued, storage = self.cfg.queued, template.sending_queue.storage
        self._storage = None
        if queued and storage:
            self._storage = find_storage(self.ctx, storage, "protocol.otlp.sending_queue.storage")
        self._balancer = Balancer(self.ctx, self.cfg, key, "aws" if name == "aws_cloud_map" else name)
        self._resolver: Resolver | None = None
        spread = self._balancer.spread
        behind = SendPath(self.ctx, template, spread).custody() if queued else FORWARDS
        self._path = SendPath(self.ctx, self.cfg.in_front, spread, answers=behind, hands_on=queued)

    def start(self) -> None:
        template = self.cfg.protocol.otlp
        try:
            GrpcSender(self.ctx, msgspec.structs.replace(template, endpoint="localhost:4317")).close()
        except ValueError as error:
            raise StartError(str(error)) from error
        if template.tls.insecure_skip_verify:
            self.ctx.log.warning("tls.insecure_skip_verify: anybody can pretend to be a backend")
        name = f"exporter/{self.ctx.id}/{self.ctx.signal or 'all'}/backends"
        self._balancer.start(self._storage.open_queue(name) if self._storage else None)
        self._path.start()
        self._resolver = resolver_of(self.ctx, self.cfg.resolver, self._balancer)
        self._resolver.start()

    def consume(self, batch: Batch) -> None:
        self._path.consume(batch)

    def prepare_stop(self, deadline: float) -> None:
        self._path.prepare_stop(deadline)
        self._balancer.prepare_stop(deadline)

    def stop(self, deadline: float) -> None:
        if self._resolver:
            self._resolver.stop()
        self._path.stop(deadline)
        self._balancer.stop(deadline)

    def custody(self) -> Custody:
        return self._path.custody()
