"""OTTL, the language of `transform`, `filter` and conditions: parsed once, run natively where it can be.

    group = condition_group(['attributes["http.route"] == "/health"'], signal="traces", context="span")
    Conditions([group], clock).matches(batch, report)   # one byte per span

    group = statement_group(['set(span.name, "x") where span.kind == SPAN_KIND_SERVER'], signal="traces")
    Program([group], clock).run(batch, report)          # the edited batch

Groups are made when a configuration is read; GroupError has every problem with its place. `report` is told of what
failed where the error mode says to go on: `Faults` counts and logs it.
"""

from .ast import quoted
from .conditions import Conditions, Matching, NativeMatching
from .contexts import CONTEXTS
from .faults import Faults
from .functions.patterns import glob
from .group import ErrorMode, Explanation, Group, GroupError, condition_group, statement_group
from .interpret import Report, StatementError
from .lex import ParseError
from .native import masks, stages
from .parse import parse_condition, parse_expression, parse_statement
from .program import Native, Program, Stage
from .values import OttlError

__all__ = [
    "CONTEXTS",
    "Conditions",
    "ErrorMode",
    "Explanation",
    "Faults",
    "Group",
    "GroupError",
    "Matching",
    "Native",
    "NativeMatching",
    "OttlError",
    "ParseError",
    "Program",
    "Report",
    "Stage",
    "StatementError",
    "condition_group",
    "glob",
    "masks",
    "parse_condition",
    "parse_expression",
    "parse_statement",
    "quoted",
    "stages",
    "statement_group",
]
