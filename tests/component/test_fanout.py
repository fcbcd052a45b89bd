"""Every consumer is asked; the answer errs on the side of a duplicate, never of a loss."""

import pytest

from otelier.component import Counter, Invalid, Permanent, Refused, Rejected, Retryable, fan_out
from otelier.testing import MemoryExporter, items


def fanned(*targets: MemoryExporter):
    refused = Counter()
    names = [chr(ord("a") + at) for at in range(len(targets))]
    return fan_out("pipeline traces", list(zip(names, targets, strict=True)), refused), refused


def test_a_single_consumer_is_called_directly():
    only = MemoryExporter()
    assert fanned(only)[0] is only


def test_all_consumers_get_the_same_batch_uncopied():
    first, second = MemoryExporter(), MemoryExporter()
    batch = items("traces", 3)
    fanned(first, second)[0].consume(batch)
    assert first.batches[0] is second.batches[0] is batch


@pytest.mark.parametrize(
    ("errors", "expected", "after_s"),
    [
        ([Retryable("busy", after_s=3), None], Retryable, 3),
        ([Retryable("busy", after_s=3), Refused("full", limit="queue", after_s=7)], Retryable, 7),
        ([Retryable("busy"), Permanent("never")], Retryable, None),
        ([Permanent("never"), None], Permanent, None),
        ([Permanent("never"), ValueError("a bug")], Permanent, None),
        ([Invalid("no"), None], Invalid, None),
        ([Invalid("no"), Permanent("never")], Permanent, None),
    ],
)
def test_one_consumer_that_may_be_asked_again_makes_the_whole_retryable(errors, expected, after_s):
    targets = [MemoryExporter() for _ in errors]
    for target, error in zip(targets, errors, strict=True):
        if error:
            target.fail_with(error)
    consumer, refused = fanned(*targets)
    with pytest.raises(expected) as caught:
        consumer.consume(items("logs", 5))
    assert getattr(caught.value, "after_s", None) == after_s
    if issubclass(expected, Permanent):
        assert type(caught.value) is expected
        assert caught.value.partly_taken is (None in errors)
    for name, target, error in zip("ab", targets, errors, strict=True):
        assert target.items == (0 if error else 5)
        assert refused.value(**{"from": "pipeline traces", "to": name, "otel.signal": "logs"}) == (5 if error else 0)
        assert error is None or f"{name}: {error}" in str(caught.value)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([Rejected("not kept", items=3), None], Rejected),
        ([Rejected("not kept", items=3), Rejected("nor here", items=5)], Rejected),
        ([Rejected("not kept", items=3), Permanent("never")], Permanent),
        ([Rejected("not kept", items=3), Retryable("busy")], Retryable),
    ],
)
def test_partial_success_is_told_only_where_nothing_else_went_wrong(errors, expected):
    targets = [MemoryExporter() for _ in errors]
    for target, error in zip(targets, errors, strict=True):
        if error:
            target.fail_with(error)
    with pytest.raises(expected) as caught:
        fanned(*targets)[0].consume(items("metrics", 5))
    assert type(caught.value) is expected
    if expected is Rejected:
        assert caught.value.items == max(error.items for error in errors if error)
    if expected is Permanent:
        assert caught.value.partly_taken
