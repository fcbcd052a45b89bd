"""`| logfmt`: `key=value key="a value" key` as labels."""

import re
from collections.abc import Iterator, Mapping

from ...component.go_text import BadEscape, unescaped
from . import ast
from .line import Line
from .sanitize import label_of

_ERROR = "LogfmtParserErr"
_PAIR = re.compile(
    r"""
    [\x00-\x20]*
    (?P<key>[^\x00-\x20="]+)
    (?: = (?: "(?P<quoted>(?:\\.|[^"\\])*)" | (?P<plain>[^\x00-\x20="]*)(?=[\x00-\x20]|$) ) | (?=[\x00-\x20]|$) )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"[\x00-\x20]+")
_QUOTED = re.compile(r'[\x00-\x20]*[^\x00-\x20="]+="')


def by_logfmt(line: Line, stage: ast.Logfmt) -> bool:
    """All pairs, or those that are asked for. `strict`: the first place that can't be read ends it with an error."""
    wanted: Mapping[str, str] = {key: label for label, key in stage.keys}
    for label, _ in stage.keys:
        if label not in line.stream and label not in line.metadata:
            line.put(label, "")
    for pair in pairs(line.text):
        if isinstance(pair, int):
            if stage.strict:
                line.fail(_ERROR, f"logfmt syntax error at pos {pair + 1}")
                break
            continue
        key, value = label_of(pair[0]), pair[1]
        if not key:
            continue
        if not stage.keys:
            if value or stage.keep_empty:
                line.extract(key, value)
        elif (label := wanted.get(key, key if key in wanted.values() else "")) and value:
            line.take(label, value)
    return True


def pairs(text: str) -> Iterator[tuple[str, str] | int]:
    """Keys with their values; the place of what can't be read, which is left out as far as the next blank."""
    at = 0
    while at < len(text):
        if pair := _PAIR.match(text, at):
            try:
                yield pair["key"], _meant(pair)
            except BadEscape:
                yield at
            at = pair.end()
        elif _QUOTED.match(text, at):
            yield len(text)
            return
        else:
            blank = _BLANK.match(text, at)
            start = blank.end() if blank else at
            if start >= len(text):
                return
            yield start
            behind = _BLANK.search(text, start)
            at = behind.end() if behind else len(text)


def _meant(pair: re.Match[str]) -> str:
    quoted = pair["quoted"]
    return unescaped(quoted) if quoted is not None else pair["plain"] or ""
