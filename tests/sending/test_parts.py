"""What a backend finds too large goes in parts: all of it, each item once, and only what fails is offered again."""

import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import Permanent, Retryable
from otelier.sending import PartlySent, Sent
from otelier.sending.grpc import read_answer
from otelier.sending.outcome import TooLarge
from otelier.sending.parts import InParts
from otelier.telemetry import Batch
from otelier.testing import span, traces

LOG = logging.LoggerAdapter(logging.getLogger(__name__), {})


def many(count: int) -> Batch:
    return traces(*(span(f"span {n:06}", trace=n, number=n) for n in range(count)))


class Backend:
    """Takes requests of up to so many bytes; raises what stands at the number of a request."""

    def __init__(self, most_bytes: float, **answers: Exception) -> None:
        self.taken: list[Batch] = []
        self.asked = 0
        self._most_bytes = most_bytes
        self._answers = answers

    def __call__(self, batch: Batch, _timeout_s: float) -> Sent:
        self.asked += 1
        if batch.size_bytes > self._most_bytes:
            raise TooLarge("larger than I take")
        if error := self._answers.pop(f"at_{self.asked}", None):
            raise error
        self.taken.append(batch)
        return Sent()


@given(st.integers(1, 300), st.integers(1, 20_000))
def test_all_arrives_but_what_is_too_large_by_itself(count: int, most_bytes: int):
    batch, backend = many(count), Backend(most_bytes)
    if most_bytes < many(1).size_bytes:
        with pytest.raises(Permanent, match="larger than I take"):
            InParts(backend, LOG)(batch, math.inf)
        assert not backend.taken
        return
    assert InParts(backend, LOG)(batch, math.inf) == Sent()
    assert sum(part.digest() for part in backend.taken) % 2**64 == batch.digest()


def test_what_was_too_large_once_is_cut_beforehand():
    backend = Backend(many(100).size_bytes)
    send = InParts(backend, LOG)
    send(many(150), math.inf)
    assert backend.asked - len(backend.taken) == 1
    send(many(150), math.inf)
    send(many(400), math.inf)
    assert backend.asked - len(backend.taken) == 1, "nothing is tried whole again"
    before = len(backend.taken)
    send(many(100), math.inf)
    assert len(backend.taken) == before + 1, "what fits is not cut"


def test_only_what_fails_for_now_and_what_stands_behind_it_is_offered_again():
    backend = Backend(many(60).size_bytes, at_3=Retryable("busy", after_s=7))
    batch = many(200)
    with pytest.raises(PartlySent, match="busy") as error:
        InParts(backend, LOG)(batch, math.inf)
    assert (error.value.items, error.value.after_s, error.value.sent) == (0, 7, Sent())
    assert error.value.rest.digest() == batch.digest()
    backend = Backend(many(60).size_bytes, at_4=Retryable("busy"))
    with pytest.raises(PartlySent) as error:
        InParts(backend, LOG)(batch, math.inf)
    assert error.value.items == backend.taken[0].items == 50
    assert (error.value.rest.digest() + backend.taken[0].digest()) % 2**64 == batch.digest()


def test_a_part_that_is_refused_for_good_counts_as_rejected():
    backend = Backend(many(100).size_bytes, at_3=Permanent("no"))
    assert InParts(backend, LOG)(many(150), math.inf) == Sent(75, "no")


@pytest.mark.parametrize("error", [Retryable("later"), Permanent("never")])
def test_what_fits_fails_as_a_whole(error):
    with pytest.raises(type(error), match=str(error)):
        InParts(Backend(math.inf, at_1=error), LOG)(many(5), math.inf)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (8, "grpc: received message larger than max (4937344 vs. 4194304)", TooLarge),
        (8, "grpc: received message after decompression larger than max 4194304", TooLarge),
        (8, "larger than 4194304 bytes; send smaller batches, or raise the limit of this receiver", TooLarge),
        (11, "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes", TooLarge),
        (8, "gRPC message exceeds maximum size 4194304: 4937344", TooLarge),
        (8, "quota is used up", Permanent),
        (11, "offset", Retryable),
    ],
)
def test_a_quota_is_not_a_size(code, message, kind):
    class Result:
        ok, retry_after_s, answered, rejected = False, None, True, 0

    result = Result()
    result.code, result.message = code, message
    with pytest.raises(kind) as error:
        read_answer(result, "backend:4317")
    assert type(error.value) is kind
