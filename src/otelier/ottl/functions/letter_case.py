"""Converters of upper and lower case, snake_case and CamelCase."""

import re
from typing import Literal

from .registry import converter

_NEXT = re.compile(r"(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@converter("ToLowerCase")
def to_lower_case(target: str) -> str:
    """Each character's lower case, one for one."""
    return "".join(character.lower()[:1] for character in target)


@converter("ToUpperCase")
def to_upper_case(target: str) -> str:
    """Each character's upper case, one for one: ß stays, as in Go."""
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in target)


@converter("ToSnakeCase")
def to_snake_case(target: str) -> str:
    """`HTTPServer2id` becomes `http_server_2_id`: words begin where the case or digits do."""
    return re.sub(r"[ .\-]", "_", _NEXT.sub("_", target.strip())).translate(_LOWER)


@converter("ToCamelCase")
def to_camel_case(target: str) -> str:
    """`my_metric name2x` becomes `MyMetricName2X`."""
    return "".join(word[:1].upper() + word[1:].lower() for word in re.findall(r"[0-9]+|[^0-9 _.\-]+", target))


@converter("ConvertCase")
def convert_case(target: str, toCase: Literal["lower", "upper", "snake", "camel"]) -> str:  # noqa: N803
    """To the "lower", "upper", "snake" or "camel" case."""
    cases = {"lower": to_lower_case, "upper": to_upper_case, "snake": to_snake_case, "camel": to_camel_case}
    return cases[toCase](target)
