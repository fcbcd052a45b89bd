"""`| unwrap label`: a label's number in place of the line."""

from collections.abc import Callable, Mapping

from . import amounts, ast
from .line import Line
from .stages import label_test

_ERROR = "SampleExtractionErr"
_CONVERSIONS: Mapping[ast.Conversion, Callable[[str], float]] = {
    "": amounts.number,
    "duration": amounts.seconds,
    "duration_seconds": amounts.seconds,
    "bytes": amounts.size,
}


def unwrapped(unwrap: ast.Unwrap) -> Callable[[Line], float | None]:
    """The number of a line, whose label it then no longer is; None: it has none, or what stands behind rules it out.

    One that can't be read is 0, and the line says so.
    """
    convert = _CONVERSIONS[unwrap.conversion]
    tests = [label_test(test) for test in unwrap.tests]

    def value_of(line: Line) -> float | None:
        text = line.get(unwrap.label)
        if not text:
            return None
        try:
            value = float(convert(text))
        except ValueError as error:
            value = 0.0
            line.fail(_ERROR, str(error))
        if not all(test(line) for test in tests):
            return None
        line.remove(unwrap.label)
        return value

    return value_of
