"""dns: names that are looked up again and again; without an answer the last one counts."""

from collections.abc import Sequence

from ...component import Context
from ...server.address import Address
from ..config import DnsSd
from ..target import ADDRESS, TargetGroup
from .contract import Found, Poll
from .dns_query import LookUp, Record, look_up

_META = "__meta_dns_"


class DnsDiscovery:
    """Looks up."""

    def __init__(self, config: DnsSd, ctx: Context, found: Found, ask: LookUp = look_up) -> None:
        self._config = config
        self._ask = ask
        self._known: dict[str, TargetGroup] = {}
        name = f"dns_sd {', '.join(config.names)}"
        self._poll = Poll(ctx, name, float(config.refresh_interval), self._look, found)

    def start(self) -> None:
        """Look up for the first time."""
        self._poll.start()

    def stop(self) -> None:
        """Look no more."""
        self._poll.stop()

    def _look(self) -> Sequence[TargetGroup]:
        problems: list[str] = []
        for name in self._config.names:
            try:
                records = self._ask(name, self._config.type)
            except OSError as error:
                problems.append(str(error))
            else:
                self._known[name] = TargetGroup(name, tuple(self._labels(name, record) for record in records))
        if problems and not self._known:
            raise OSError("; ".join(problems))
        return list(self._known.values())

    def _labels(self, name: str, record: Record) -> dict[str, str]:
        host = record.host.removesuffix(".")
        labels = {ADDRESS: str(Address(host, record.port or self._config.port)), f"{_META}name": name}
        key = {"SRV": "srv_record_target", "MX": "mx_record_target", "NS": "ns_record_target"}.get(self._config.type)
        if key:
            labels[_META + key] = record.host
        if self._config.type == "SRV":
            labels[f"{_META}srv_record_port"] = str(record.port)
        return labels
