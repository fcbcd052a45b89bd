"""Our output is the Collector's, statement by statement, where a Collector is present."""

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format

from otelier.config import decode as read
from otelier.config import load
from otelier.processors.filter import Filter, FilterConfig
from otelier.processors.transform import Transform, TransformConfig
from otelier.telemetry import Batch, Signal
from otelier.testing import MemoryExporter, component_context, decode

from . import peer
from .cases import FILTERED, TRANSFORMED
from .telemetry import PAYLOADS

_TYPES = {"transform": (Transform, TransformConfig), "filter": (Filter, FilterConfig)}
_KEYS = {"traces": "trace_statements", "metrics": "metric_statements", "logs": "log_statements"}


@pytest.fixture(scope="module")
def collector() -> Path:
    path = peer.binary()
    if path is None:
        pytest.skip("there is no Collector on this machine; OTELCOL can name one")
    missing = [name for name in _TYPES if f"name: {name}\n" not in peer.components(path)]
    if missing:
        pytest.skip(f"this Collector has no {' and no '.join(missing)}")
    return path


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
@pytest.mark.parametrize("kind", ["transform", "filter"])
def test_the_collector_makes_the_same_of_it(kind: str, signal: Signal, collector: Path, tmp_path: Path):
    cases = _transforms(signal) if kind == "transform" else _filters(signal)
    payload = PAYLOADS[signal]()
    processors = {f"c{at}": [{"type": kind, "keys": keys}] for at, keys in enumerate(cases.values())}
    theirs = peer.run(collector, tmp_path, signal, processors, payload.to_otlp())
    different = []
    for at, (text, keys) in enumerate(cases.items()):
        ours = _ours(kind, keys, payload)
        wanted = [Batch.from_json(signal, json.dumps(request).encode()) for request in theirs[f"c{at}"]]
        mine, other = _lines(ours), _lines(wanted)
        if mine != other:
            different.append(f"-- {text}\n" + "\n".join(_difference(mine, other)))
    assert not different, "\n".join(different)


def _transforms(signal: Signal) -> Mapping[str, Mapping[str, Any]]:
    return {
        f"{context}: {'; '.join(statements)}": {
            "error_mode": "ignore",
            _KEYS[signal]: [{"context": context, "statements": list(statements)}] if context else list(statements),
        }
        for context, *statements in TRANSFORMED[signal]
    }


def _filters(signal: Signal) -> Mapping[str, Mapping[str, Any]]:
    return {json.dumps(keys): {"error_mode": "ignore", **keys} for keys in FILTERED[signal]}


def _ours(kind: str, keys: Mapping[str, Any], payload: Batch) -> Sequence[Batch]:
    component, config = _TYPES[kind]
    document = load([f"yaml:{json.dumps(keys)}"])
    made = component(read(config, document.tree, (), document), component_context(kind, signal=payload.signal))
    made.next = MemoryExporter()
    made.consume(payload)
    return made.next.batches


def _lines(batches: Sequence[Batch]) -> list[str]:
    """Of the batches as text, where maps and data points have no order: the Collector shuffles them when it edits."""
    lines: list[str] = []
    for batch in batches:
        message = decode(batch)
        _sort(message)
        lines += ["-- batch", *text_format.MessageToString(message, as_utf8=True).splitlines()]
    return lines


def _sort(message: Any) -> None:
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        each = list(value) if field.is_repeated else [value]
        for inner in each:
            _sort(inner)
        if field.is_repeated and (field.message_type.name == "KeyValue" or field.name == "data_points"):
            ordered = sorted(each, key=lambda inner: inner.SerializeToString(deterministic=True))
            copies = [type(inner).FromString(inner.SerializeToString()) for inner in ordered]
            del value[:]
            value.extend(copies)


def _difference(ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    return [line for line in difflib.ndiff(ours, theirs) if line[0] in "+-"]
