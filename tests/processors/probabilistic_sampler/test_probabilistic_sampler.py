"""What stays, by known values; that all of it is the Collector's way is shown beside."""

import pytest

from otelier.component import Meter
from otelier.config import ConfigError
from otelier.telemetry import Batch
from otelier.testing import decode as decoded
from otelier.testing import log_record, logs, span, trace_id, traces

from .telemetry import random_records, random_spans, said, sampler


def one(trace_state: str = "", trace: int = 0, **attributes: object) -> Batch:
    each = span("0", trace=trace, attributes=attributes)
    each.trace_state = trace_state
    return traces(each)


def sampled(config: dict[str, object], batch: Batch) -> str | None:
    """The trace state of the one span; None if it is left out."""
    found = said([sampler("traces", config).process(batch)])
    return found[0][1] if found else None


@pytest.mark.proves(
    "probabilistic_sampler", "key:probabilistic_sampler.sampling_percentage", "key:probabilistic_sampler.hash_seed"
)
def test_a_hash_of_the_trace_id_decides_and_is_written_down():
    assert sampled({"sampling_percentage": 37.3}, one()) == "ot=rv:d354074bd28b2a;th:a084"
    assert sampled({"sampling_percentage": 17}, one()) is None
    assert sampled({"sampling_percentage": 37.3, "hash_seed": 1}, one()) is None


def test_the_hash_mode_leaves_alone_what_others_sampled():
    assert sampled({"sampling_percentage": 100}, one("ot=th:0")) is None
    assert sampled({"sampling_percentage": 1, "fail_closed": False}, one("ot=th:0")) == "ot=th:0"


@pytest.mark.parametrize(
    ("mode", "percentage", "before", "after"),
    [
        ("proportional", 50, "", "ot=th:8"),
        ("proportional", 50, "foo=bar,ot=th:8;rv:e0000000000000", "ot=rv:e0000000000000;th:c,foo=bar"),
        ("proportional", 50, "ot=th:8;rv:b0000000000000", None),
        ("proportional", 25, "ot=rv:c0000000000000", "ot=rv:c0000000000000;th:c"),
        ("equalizing", 50, "ot=th:4;rv:b0000000000000", "ot=rv:b0000000000000;th:8"),
        ("equalizing", 50, "ot=th:c;rv:d0000000000000", "ot=rv:d0000000000000;th:c"),
        ("equalizing", 50, "ot=th:c;rv:b0000000000000", None),
    ],
)
@pytest.mark.proves("probabilistic_sampler", "key:probabilistic_sampler.mode")
def test_thresholds_go_on_from_what_was_sampled_before(mode, percentage, before, after):
    assert trace_id(0)[9:] >= bytes.fromhex("80000000000000")
    assert sampled({"mode": mode, "sampling_percentage": percentage}, one(before)) == after


def test_a_priority_goes_over_everything():
    assert sampled({"sampling_percentage": 0}, one(**{"sampling.priority": 1})) == "ot=th:0"
    assert sampled({"sampling_percentage": 100}, one(**{"sampling.priority": 0})) is None
    assert sampled({"sampling_percentage": 100, "mode": "equalizing"}, one(**{"sampling.priority": "x"})) == "ot=th:0"


@pytest.mark.proves("probabilistic_sampler", "key:probabilistic_sampler.fail_closed")
def test_what_cant_be_right_is_refused_unless_it_may_pass():
    broken = one("ot=th:zz")
    assert sampled({"sampling_percentage": 100, "mode": "proportional"}, broken) is None
    assert sampled({"sampling_percentage": 1, "mode": "proportional", "fail_closed": False}, broken) == "ot=th:zz"


@pytest.mark.proves("probabilistic_sampler", "key:probabilistic_sampler.from_attribute")
def test_a_log_record_says_it_in_attributes():
    records = logs(log_record("0", attributes={"id": "x1", "n": 1}), log_record("1", attributes={"n": 1}))
    kept = sampler("logs", {"sampling_percentage": 100, "from_attribute": "id"}).process(records)
    (record,) = decoded(kept).resource_logs[0].scope_logs[0].log_records
    values = {attribute.key: attribute.value.string_value for attribute in record.attributes if attribute.key != "n"}
    assert values == {"id": "x1", "sampling.randomness": "32b427ddf53352", "sampling.threshold": "0"}


@pytest.mark.parametrize("signal", ["traces", "logs"])
def test_more_percent_keep_all_that_fewer_keep(signal):
    sent = random_spans(7, 500) if signal == "traces" else random_records(7, 500)
    for mode in ("hash_seed", "proportional", "equalizing"):
        before: set[int] = set()
        for percentage in (0, 1, 10, 50, 99, 100):
            config = {"mode": mode, "sampling_percentage": percentage}
            kept = {number for number, _ in said([sampler(signal, config).process(sent)])}
            assert before <= kept
            before = kept


def test_all_that_comes_is_counted_by_what_decided():
    meter = Meter()
    sent = random_spans(3, 300)
    kept = sampler("traces", {"sampling_percentage": 20, "mode": "proportional"}, meter).process(sent)
    counter = meter.counter("otelcol_processor_probabilistic_sampler_count_traces_sampled", "{items}", "")
    sources = ("missing_randomness", "trace_id_w3c", "sampling_randomness", "sampling_priority")
    stayed, left_out = (
        sum(counter.value(processor="probabilistic_sampler", policy=source, sampled=flag) for source in sources)
        for flag in ("true", "false")
    )
    assert (stayed, left_out) == (kept.items, sent.items - kept.items)


def test_a_batch_of_which_all_stays_unchanged_is_the_same_bytes():
    sent = one("ot=rv:c0000000000000;th:c")
    kept = sampler("traces", {"mode": "equalizing", "sampling_percentage": 25}).process(sent)
    assert kept.to_otlp() == sent.to_otlp()


def test_what_is_rewritten_passes_the_check_and_loses_nothing_else():
    for sent in (random_spans(5, 300), random_records(5, 300)):
        kept = sampler(sent.signal, {"sampling_percentage": 60, "fail_closed": False}).process(sent)
        again = Batch.from_otlp(sent.signal, kept.to_otlp())
        assert (again.items, again.digest()) == (kept.items, kept.digest())


def test_an_attribute_as_source_needs_its_name():
    with pytest.raises(ConfigError, match="must name an attribute"):
        sampler("logs", {"attribute_source": "record"})
