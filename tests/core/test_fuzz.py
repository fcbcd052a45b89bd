"""The kept fuzzing corpus, replayed and mutated for half a minute, with google.protobuf as the judge.

`OTELIER_FUZZ_SECONDS` sets another time, `OTELIER_FUZZ_SEED` repeats a run.
"""

import os
import time
from pathlib import Path
from random import Random

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError as ProtobufError
from google.protobuf.message import Message

from otelier._core import Batch, DecodeError, Intake

from .otlp_messages import REQUESTS, SIZES, VARINTS, empty_groups, exact, items, records, tag, varint

CORPUS = Path(__file__).parents[2] / "rust/fuzz/corpus"
SIGNALS = ("traces", "metrics", "logs")
"""In the order of the fuzz targets' first byte."""
SECONDS = float(os.environ.get("OTELIER_FUZZ_SECONDS", "30"))
SEED = int(os.environ.get("OTELIER_FUZZ_SEED", time.time_ns() % 2**32))


def corpus(target: str, header: int) -> list[tuple[str, bytes]]:
    """Signal and request of every input; the targets' headers are so many bytes long."""
    inputs = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    return [(SIGNALS[data[0] % 3], data[header:]) for data in inputs if len(data) >= header]


def parsed(signal: str, encoded: bytes) -> Message | None:
    try:
        return REQUESTS[signal].FromString(encoded)
    except ProtobufError:
        return None


def is_strict(descriptor: Descriptor, encoded: bytes) -> bool:
    """Whether all known fields have their wire types; protobuf would take others for unknown fields."""
    for number, raw, content in records(encoded):
        field = descriptor.fields_by_number.get(number)
        wire_type = raw[0] & 7
        if field is None:
            if has_field_zero(raw):
                return False
            continue
        expected = 0 if field.type in VARINTS else {4: 5, 8: 1}.get(SIZES.get(field.type, 0), 2)
        if wire_type != expected and not (field.is_repeated and wire_type == 2 and expected != 2):
            return False
        if field.message_type is not None and content is not None and not is_strict(field.message_type, content):
            return False
    return True


def has_field_zero(raw: bytes) -> bool:
    """Whether an unknown group may hold fields numbered 0, which protobuf lets pass there."""
    return raw[0] & 7 == 3


def judge(signal: str, encoded: bytes) -> bool:
    """Asserts that the core and protobuf agree, but for the core's own rules; tells if the bytes are taken."""
    theirs = parsed(signal, encoded)
    try:
        intake = Intake.read(signal, encoded)
    except DecodeError:
        assert theirs is None or not is_strict(REQUESTS[signal].DESCRIPTOR, encoded)
        return False
    batch = intake.batch
    ours = parsed(signal, batch.to_otlp())
    assert ours is not None
    assert len(items(ours)) == len(batch)
    if not intake.repaired and not intake.rejected:
        # Only superseded text may be bad where nothing was repaired.
        assert theirs is None or exact(ours) == exact(theirs)
    judge_parts(batch, ours)
    return True


def judge_parts(batch: Batch, message: Message) -> None:
    parts = [REQUESTS[batch.signal].FromString(part.to_otlp()) for part in batch.split(2)]
    assert [item for part in parts for item in items(part)] == items(message)
    assert sorted(map(repr, empty_groups(message))) == sorted(repr(g) for part in parts for g in empty_groups(part))
    joined = Batch.join([*batch.split_bytes(100), batch.select(bytes(len(batch)))])
    assert joined.digest() == batch.digest()
    again = Batch.from_otlp(batch.signal, message.SerializeToString())
    assert again.digest() == batch.digest()
    odd = [number % 2 for number in range(len(batch))]
    chosen = batch.select(bytes(odd))
    assert items(REQUESTS[batch.signal].FromString(chosen.to_otlp())) == items(message)[1::2]


def mutated(encoded: bytes, others: list[bytes], random: Random) -> bytes:
    """The bytes with a few of them changed, removed, repeated or taken from another input."""
    data = bytearray(encoded)
    for _ in range(random.randint(1, 4)):
        at, end = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
        match random.randrange(6):
            case 0 if data:
                data[min(at, len(data) - 1)] ^= 1 << random.randrange(8)
            case 1 if data:
                data[min(at, len(data) - 1)] = random.choice(
                    b"\x00\x01\x02\x08\x0a\x12\x7f\x80\xff" + random.randbytes(1)
                )
            case 2:
                del data[at : min(end, at + 8)]
            case 3:
                data[at:at] = data[at : min(end, at + 64)]
            case 4:
                data[at:at] = random.randbytes(random.randint(1, 4))
            case _:
                other = random.choice(others)
                cut = random.randint(0, len(other))
                data[at:at] = other[cut : cut + random.randint(0, 64)]
    return bytes(data)


def rebuilt(encoded: bytes, others: list[bytes], random: Random) -> bytes:
    """The message with one field somewhere in it lost, repeated, moved or changed, and all lengths right again."""
    try:
        fields = list(records(encoded))
    except ValueError:
        return mutated(encoded, others, random)
    if not fields:
        return random.choice([b"", b"\x0a\x00", b"\x12\x01\xff", b"\x50\x01", mutated(encoded, others, random)])
    at = random.randrange(len(fields))
    number, raw, content = fields[at]
    pieces = [raw for _, raw, _ in fields]
    if content is not None and random.random() < 0.8:
        inside = rebuilt(content, others, random)
        pieces[at] = tag(number, 2) + varint(len(inside)) + inside
    elif random.random() < 0.3:
        pieces[at] = mutated(raw, others, random)
    else:
        pieces.insert(
            random.randint(0, len(pieces)), random.choice([raw, pieces.pop(at), random.choice(pieces or [raw])])
        )
    return b"".join(pieces)


@pytest.mark.parametrize(("target", "header"), [("intake", 1), ("batch", 3)])
def test_the_kept_corpus_is_judged_as_protobuf_judges_it(target: str, header: int) -> None:
    inputs = corpus(target, header)
    assert len(inputs) > 50
    for signal, encoded in inputs:
        judge(signal, encoded)


@pytest.mark.timeout(60 + 2 * SECONDS)
def test_mutated_requests_are_judged_as_protobuf_judges_them() -> None:
    print(f"OTELIER_FUZZ_SEED={SEED}")
    random = Random(SEED)
    inputs = corpus("intake", 1) + corpus("batch", 3)
    others = [encoded for _, encoded in inputs]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        signal, encoded = random.choice(inputs)
        case = random.choice([rebuilt, rebuilt, mutated])(encoded, others, random)
        try:
            taken = judge(signal, case)
        except AssertionError as error:
            error.add_note(f"OTELIER_FUZZ_SEED={SEED}, {signal}: {case.hex()}")
            raise
        if taken and len(case) < 4_096 and random.random() < 0.1:
            inputs[random.randrange(len(inputs))] = (signal, case)


def test_mutated_json_is_taken_or_refused_and_never_worse() -> None:
    random = Random(SEED)
    texts = corpus("json", 1)
    others = [text for _, text in texts]
    for _ in range(2_000):
        signal, text = random.choice(texts)
        text = mutated(text, others, random)
        try:
            intake = Intake.read(signal, text, "json")
        except DecodeError:
            continue
        again = Batch.from_json(signal, intake.batch.to_json())
        assert again.digest() == intake.batch.digest(), text
