"""What a user should know about a list of policies that is valid: choices that differ between versions, and traps."""

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from ...component import Remark
from .compat import CHANGES, Change, Rules, rules_of
from .policies import PolicyConfig
from .policies.config import with_parts


def choices_that_matter(policies: Sequence[PolicyConfig], compat: str) -> list[Remark]:
    """With paths below the component such as `policies.0.latency`, for a valid `compat`."""
    rules = rules_of(compat)
    return [said for path, policy in with_parts("policies", policies) for said in _about(path, policy, policies, rules)]


def _about(path: str, policy: PolicyConfig, policies: Sequence[PolicyConfig], rules: Rules) -> Iterator[Remark]:
    for change in CHANGES:
        if key := _touches(change, path, policy, policies):
            yield Remark(f"{path}.{key}", *_versions(change, rules))
    yield from _traps(path, policy)


def _versions(change: Change, rules: Rules) -> tuple[str, str]:
    since = ".".join(map(str, change.since))
    if getattr(rules, change.rule):
        return change.after, f"before version {since} of the Collector: {change.before}; set `compat` for that"
    return (
        f"{change.before}, because of `compat`",
        f"from version {since} of the Collector on: {change.after}; remove `compat` for that",
    )


def _touches(change: Change, path: str, policy: PolicyConfig, policies: Sequence[PolicyConfig]) -> str:
    """The key that a change is about, if it can make a difference; else nothing."""
    match change.rule, policy.type:
        case "latency_above_threshold", "latency" if policy.latency and not policy.latency.upper_threshold_ms:
            return "latency.threshold_ms"
        case "rate_limiting_bucket", "rate_limiting":
            return "rate_limiting"
        case "composite_shares", "composite" if policy.composite and _unnamed(policy):
            return "composite.rate_allocation"
        case "plain_inversion", _ if policy.inverts and len(policies) > 1 and path.count(".") == 1:
            return f"{policy.type}.invert_match"
        case _:
            return ""


def _unnamed(policy: PolicyConfig) -> bool:
    named = {entry.policy for entry in policy.composite.rate_allocation} if policy.composite else set[str]()
    return any(part.name not in named for _, part in policy.parts())


def _traps(path: str, policy: PolicyConfig) -> Iterator[Remark]:
    for type_ in policy.ignored_groups():
        what = f"has no effect, because the type of this policy is `{policy.type}`"
        yield Remark(f"{path}.{type_}", what, "remove it, or write the type that is meant")
    keys = policy.composite
    if keys and keys.policy_order and list(keys.policy_order) != [part.name for part in keys.composite_sub_policy]:
        what = "has no effect, as in the Collector: policies are asked in the order of `composite_sub_policy`"
        yield Remark(f"{path}.composite.policy_order", what, "write `composite_sub_policy` in the order that is meant")
    for key, end, instead in (("min_value", "lower", "1 or -1"), ("max_value", "upper", "-1 or 1")):
        if getattr(policy.numeric_attribute, key, UNSET) == 0:
            what = f"0 means that there is no {end} limit, as in the Collector"
            yield Remark(f"{path}.numeric_attribute.{key}", what, f"write {instead} for a limit, or leave it out")
