"""What policies decide, said a second time: one trace after the other, without columns."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from otelier.processors.tail_sampling.compat import Rules
from otelier.processors.tail_sampling.policies import PolicyConfig
from otelier.processors.tail_sampling.verdict import Verdict
from otelier.testing import trace_id

from .due import Due

YES, NO, DROP = Verdict.SAMPLED, Verdict.NOT_SAMPLED, Verdict.DROPPED
OPPOSITE = {
    YES: NO,
    NO: YES,
    Verdict.INVERT_SAMPLED: Verdict.INVERT_NOT_SAMPLED,
    Verdict.INVERT_NOT_SAMPLED: Verdict.INVERT_SAMPLED,
}


class OneByOne:
    """The policies of a list with their state."""

    def __init__(self, policies: Sequence[PolicyConfig], rules: Rules) -> None:
        self.policies = [p for p in policies if p.type == "drop"] + [p for p in policies if p.type != "drop"]
        self.rules = rules
        self.state: dict[int, Any] = {}

    def decide(self, due: Due, now_s: float, *, first_match: bool) -> tuple[Verdict, str, list[Verdict]]:
        """(what happens, which policy said so, what each said)."""
        said: list[Verdict] = []
        for policy in self.policies:
            said.append(self.verdict(policy, due, now_s))
            if said[-1] is DROP or (first_match and said[-1] is YES):
                break
        asked = [*said, *[Verdict.NOT_ASKED] * (len(self.policies) - len(said))]
        for wanted, means in (
            (DROP, DROP),
            (Verdict.INVERT_NOT_SAMPLED, NO),
            (YES, YES),
            (Verdict.INVERT_SAMPLED, YES),
        ):
            if wanted in said and not (wanted is Verdict.INVERT_SAMPLED and NO in said):
                return means, self.policies[said.index(wanted)].name, asked
        return NO, "", asked

    def verdict(self, policy: PolicyConfig, due: Due, now_s: float) -> Verdict:
        answer = getattr(self, f"_{policy.type}")(policy, due, now_s)
        return answer if isinstance(answer, Verdict) else Verdict(bool(answer))

    def _always_sample(self, policy, due, now_s):
        return True

    def _latency(self, policy, due, now_s):
        ms = int(due.took_ns / 10**6) if abs(due.took_ns) < 2**50 else due.took_ns // 10**6
        low, high = policy.latency.threshold_ms, policy.latency.upper_threshold_ms
        if high:
            return low < ms <= high
        return ms > low if self.rules.latency_above_threshold else ms >= low

    def _status_code(self, policy, due, now_s):
        return any(
            due.status_codes >> number & 1
            for number, code in enumerate(("UNSET", "OK", "ERROR"))
            if code in policy.status_code.status_codes
        )

    def _attribute(self, policy, due, now_s):
        keys = policy.keys_of(policy.type)
        found = due.found.get(keys.matcher(), False)
        if not keys.invert_match:
            return found
        if self.rules.plain_inversion:
            return not found
        return Verdict.INVERT_NOT_SAMPLED if found else Verdict.INVERT_SAMPLED

    _string_attribute = _numeric_attribute = _boolean_attribute = _attribute

    def _trace_state(self, policy, due, now_s):
        return due.found.get(policy.trace_state.matcher(), False)

    def _trace_flags(self, policy, due, now_s):
        return due.flags % 2

    def _span_count(self, policy, due, now_s):
        return policy.span_count.min_spans <= due.spans <= (policy.span_count.max_spans or math.inf)

    def _probabilistic(self, policy, due, now_s):
        keys = policy.probabilistic
        return hashed(keys.hash_salt.encode() + trace_id(due.number)) <= (2**64 - 1) * Fraction(
            keys.sampling_percentage / 100
        )

    def _bucket(self, policy, cost, rate, burst, now_s):
        tokens, then = self.state.get(id(policy), (burst, now_s))
        tokens = min(burst, tokens + (now_s - then) * rate)
        fits = cost <= tokens
        self.state[id(policy)] = (tokens - cost if fits else tokens, now_s)
        return fits

    def _rate_limiting(self, policy, due, now_s):
        keys = policy.rate_limiting
        rate = keys.spans_per_second
        if self.rules.rate_limiting_bucket:
            return self._bucket(policy, due.spans, rate, keys.burst_capacity or 2 * rate, now_s)
        used = self.state.get((id(policy), int(now_s)), 0) + due.spans
        if used < rate:
            self.state[id(policy), int(now_s)] = used
        return used < rate

    def _bytes_limiting(self, policy, due, now_s):
        keys = policy.bytes_limiting
        rate = keys.bytes_per_second
        return self._bucket(policy, due.size_bytes, rate, keys.burst_capacity or 2 * rate, now_s)

    def _all(self, parts, due, now_s):
        for part in parts:
            said = self.verdict(part, due, now_s)
            if said in (NO, Verdict.INVERT_NOT_SAMPLED):
                return False
        return True

    def _and(self, policy, due, now_s):
        return self._all(policy.and_.and_sub_policy, due, now_s)

    def _drop(self, policy, due, now_s):
        return DROP if self._all(policy.drop.drop_sub_policy, due, now_s) else NO

    def _not(self, policy, due, now_s):
        return OPPOSITE[self.verdict(policy.not_.not_sub_policy, due, now_s)]

    def _composite(self, policy, due, now_s):
        keys = policy.composite
        for part in keys.composite_sub_policy:
            if self.verdict(part, due, now_s) in (YES, Verdict.INVERT_SAMPLED):
                percent = [entry.percent for entry in keys.rate_allocation if entry.policy == part.name]
                share = keys.max_total_spans_per_second / len(keys.composite_sub_policy)
                if percent and percent[0]:
                    share = percent[0] / 100 * keys.max_total_spans_per_second
                elif not percent and not self.rules.composite_shares:
                    share = 0
                key = ("share", id(policy), id(part), int(now_s))
                used = self.state.get(key, 0) + due.spans
                if used > int(share):
                    return False
                self.state[key] = used
                return True
        return False


def hashed(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    value = 14695981039346656037
    for byte in data:
        value = ((value ^ byte) * 1099511628211) % 2**64
    return value
