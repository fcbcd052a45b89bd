"""One entry of `policies`: a type, and the keys of that type in a group beside it."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import field

from ....component import Config
from .and_ import AndConfig
from .boolean_attribute import BooleanAttributeConfig
from .bytes_limiting import BytesLimitingConfig
from .composite import CompositeConfig
from .drop import DropConfig
from .latency import LatencyConfig
from .not_ import NotConfig
from .numeric_attribute import NumericAttributeConfig
from .ottl_condition import OttlConditionConfig
from .probabilistic import ProbabilisticConfig
from .rate_limiting import RateLimitingConfig
from .span_count import SpanCountConfig
from .status_code import StatusCodeConfig
from .string_attribute import StringAttributeConfig
from .trace_state import TraceStateConfig

_WITHOUT_KEYS = ("always_sample", "trace_flags")


class PolicyConfig(Config):
    name: str = ""
    """Shown in metrics and decisions. Needed, and different from all others, in `policies` and in
    `composite_sub_policy`."""
    type: Literal[
        "always_sample",
        "latency",
        "status_code",
        "string_attribute",
        "numeric_attribute",
        "boolean_attribute",
        "probabilistic",
        "rate_limiting",
        "bytes_limiting",
        "span_count",
        "trace_state",
        "trace_flags",
        "ottl_condition",
        "and",
        "not",
        "drop",
        "composite",
    ]
    """What it judges by. Its keys stand in a group of the same name; `always_sample` (everything) and `trace_flags`
    (traces with a span that has the sampled flag) have none."""
    latency: LatencyConfig | None = None
    """For traces that take long."""
    status_code: StatusCodeConfig | None = None
    """For traces with a span of some status."""
    string_attribute: StringAttributeConfig | None = None
    """For traces with some text in an attribute."""
    numeric_attribute: NumericAttributeConfig | None = None
    """For traces with an integer in an attribute."""
    boolean_attribute: BooleanAttributeConfig | None = None
    """For traces with a boolean in an attribute."""
    probabilistic: ProbabilisticConfig | None = None
    """For a percentage of traces."""
    rate_limiting: RateLimitingConfig | None = None
    """For as many traces as fit into a number of spans per second."""
    bytes_limiting: BytesLimitingConfig | None = None
    """For as many traces as fit into a number of bytes per second."""
    span_count: SpanCountConfig | None = None
    """For traces with so many spans."""
    trace_state: TraceStateConfig | None = None
    """For traces with some value in their W3C trace state."""
    ottl_condition: OttlConditionConfig | None = None
    """For traces with a span or event for which a condition in OTTL holds."""
    and_: AndConfig | None = field(name="and", default=None)
    """For traces that several policies sample."""
    not_: NotConfig | None = field(name="not", default=None)
    """For traces that a policy does not sample."""
    drop: DropConfig | None = None
    """A veto."""
    composite: CompositeConfig | None = None
    """For a rate with a share for each of several policies."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Keys of the type that aren't there."""
        if self.type not in _WITHOUT_KEYS and self.keys_of(self.type) is None:
            yield "type", f"`{self.type}` needs its keys in a group beside it, as `{self.type}: {{…}}`"

    def keys_of(self, type_: str) -> Config | None:
        """The group of a type; None if it isn't there."""
        return getattr(self, f"{type_}_" if type_ in ("and", "not") else type_, None)

    def ignored_groups(self) -> list[str]:
        """Groups of keys that don't belong to the type."""
        names = (name.rstrip("_") for name in self.__struct_fields__ if name not in ("name", "type"))
        return [name for name in names if name != self.type and self.keys_of(name) is not None]

    @property
    def inverts(self) -> bool:
        """Whether it samples what does not match."""
        return getattr(self.keys_of(self.type), "invert_match", False)

    def parts(self) -> list[tuple[str, "PolicyConfig"]]:
        """(path below this policy, policy) of those that it consists of."""
        if self.type == "not" and self.not_:
            return [("not.not_sub_policy", self.not_.not_sub_policy)]
        listed: Sequence[PolicyConfig] = ()
        if self.type == "and" and self.and_:
            listed = self.and_.and_sub_policy
        elif self.type == "drop" and self.drop:
            listed = self.drop.drop_sub_policy
        elif self.type == "composite" and self.composite:
            listed = self.composite.composite_sub_policy
        return [(f"{self.type}.{self.type}_sub_policy.{at}", part) for at, part in enumerate(listed)]


def with_parts(key: str, policies: Sequence[PolicyConfig]) -> Iterable[tuple[str, PolicyConfig]]:
    """(path, policy) of those in a list at `key` and of all that they consist of."""
    waiting = [(f"{key}.{at}", policy) for at, policy in enumerate(policies)]
    while waiting:
        path, policy = waiting.pop(0)
        yield path, policy
        waiting = [(f"{path}.{below}", part) for below, part in policy.parts()] + waiting


def name_problems(key: str, policies: Sequence[PolicyConfig]) -> Iterable[tuple[str, str]]:
    """What is wrong with the names in a list of policies that stands at `key`."""
    first: dict[str, int] = {}
    for at, policy in enumerate(policies):
        if not policy.name:
            yield f"{key}.{at}.name", "give each policy a name: metrics and decisions show it"
        elif first.setdefault(policy.name, at) != at:
            yield f"{key}.{at}.name", f"`{policy.name}` is the name of an earlier policy; give this one another"


def part_problems(key: str, parts: Sequence[PolicyConfig], *, listed: bool = True) -> Iterable[tuple[str, str]]:
    """What can't be part of another policy, in a list (or, unless `listed`, alone) at `key`."""
    for at, part in enumerate(parts):
        if part.type == "drop":
            path = f"{key}.{at}.type" if listed else f"{key}.type"
            yield path, "`drop` can't be part of another policy; put it into `policies` itself"
