"""Expressions and editors evaluated on one span, and what was observed of them on the reference."""

import json
from pathlib import Path
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otelier.ottl.any_value import replace_map
from otelier.ottl.compile import Compiler
from otelier.ottl.contexts import context_named
from otelier.ottl.frame import Frame, Node
from otelier.ottl.parse import parse_expression, parse_statement
from otelier.testing import FakeClock

OBSERVED = Path(__file__).parent / "observed"
ERROR = object()
"""In the place of a value: the expression can't be read or evaluated."""


def frame_of(attributes: dict[str, Any] | None = None, **fields: Any) -> Frame:
    frame = Frame(FakeClock(), {})
    span = Span(**fields)
    replace_map(span.attributes, attributes or {})
    frame.span = Node(span)
    return frame


def evaluate(expression: str, attributes: dict[str, Any] | None = None, **fields: Any) -> Any:
    """Raises OttlError."""
    compiler = Compiler(expression, context_named("span"), prefixed=False)
    return compiler.value(parse_expression(expression))(frame_of(attributes, **fields))


def edit(statement: str, **attributes: Any) -> dict[str, Any]:
    """The span's attributes afterwards. Raises OttlError."""
    frame = frame_of(attributes)
    Compiler(statement, context_named("span"), prefixed=False).statement(parse_statement(statement))(frame)
    return dict(frame.span.tree("attributes"))


def observed(group: str) -> list[tuple[str, Any]]:
    """Expressions with the value that the reference 0.155.0 gives them, or ERROR: one a line, `expression => JSON`."""
    lines = (OBSERVED / f"{group}.txt").read_text("utf-8").splitlines()
    cases = (line.rpartition(" => ") for line in lines if line and not line.startswith("#"))
    return [(expression, ERROR if value == "error" else json.loads(value)) for expression, _, value in cases]
