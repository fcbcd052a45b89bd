"""What may come next in a half-typed query: words that are known, and names and values that only the store knows.

Reads the words before the cursor one by one and keeps which brackets are open. It asks nothing else of what is before
the cursor, so it helps in the middle of a query that is wrong elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, cast

from ...component.go_text import BadEscape, unescaped
from .ast import Attribute, AttributeScope, Field, Intrinsic
from .completion import Completion, Names, Values, Word, WordKind
from .lex import Token, tokens
from .words import AGGREGATES, CONSTANTS, INTRINSICS, MEASURES, RANKS, SAFE_HINTS, SCOPES, STAGES, TYPES

_EQUAL = ("=", "!=")
_MATCH = ("=~", "!~")
_ORDER = ("<", "<=", ">", ">=")
_COMPARISONS = (*_EQUAL, *_MATCH, *_ORDER)
_ARITHMETIC = ("+", "-", "*", "/", "%", "^")
_LOGIC = ("&&", "||")
_STRUCTURAL = (">>", ">", "<<", "<", "~", "!>>", "!>", "!<<", "!<", "!~", "&>>", "&>", "&<<", "&<", "&~")
_TAKES_EXPRESSION = ("by", "sort", "min", "max", "avg", "sum")
_TAKES_FIELDS = ("select", "labels", *MEASURES)
_TAKES_NOTHING = ("count", "coalesce", "rate", "count_over_time")
_NUMBERS = ("int", "float", "duration")


@dataclass(slots=True)
class _Open:
    """A bracket before the cursor; the first one is the query itself."""

    sign: str = ""
    function: str = ""
    """That the parenthesis belongs to; `labels` is the `by` of metrics."""
    compared: bool = False
    """Whether there was a comparison since the last `&&`, `||` or `|`."""
    number: bool = False
    """Whether what is before the cursor is worth a number of a spanset, not yet compared."""
    measured: bool = False
    """Whether there was a metrics function."""


def complete(text: str, cursor: int | None = None) -> Completion:
    """For a cursor after so many characters (None: at the end). Never fails."""
    before = text[:cursor] if cursor is not None else text
    words = tokens(before)[:-1]
    begun = _begun(before, words)
    reader = _Reader(words[: len(words) - begun])
    start = words[-begun].at if begun else len(before)
    found = reader.next(before[start:], words[-begun] if begun else None)
    return Completion(start, *found)


def _begun(text: str, words: list[Token]) -> int:
    """How many words at the end the cursor is in: a name, an attribute, a string without its end; `span:` has two."""
    if not words or words[-1].end != len(text):
        return 0
    last = words[-1]
    if last.kind == "sign":
        glued = last.value == ":" and len(words) > 1 and words[-2].kind == "name" and words[-2].end == last.at
        return 2 if glued else 0
    begun = last.kind in ("name", "attribute", "scoped", "open") or (last.kind == "wrong" and text.endswith("."))
    return 1 if begun else 0


_Found: TypeAlias = tuple[tuple[Word, ...], Names | None, Values | None]


class _Reader:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._open = [_Open()]
        self._closed = _Open()
        """What the last closing bracket closed."""
        for place, word in enumerate(words):
            self._read(word, words[place - 1] if place else None)

    def next(self, written: str, begun: Token | None) -> _Found:
        """What may stand where `written` has begun."""
        if begun is not None and begun.kind in ("attribute", "wrong"):
            return _attribute_words(written), _names(written, begun), None
        if begun is not None and begun.kind == "open":
            if written[:1] not in ('"', "`"):
                return (), _names(written, begun), None
            field = self._compared_field()
            return (), None, Values(field, _inside(written)) if field else None
        words = tuple(word for word in self._expected() if word.text.startswith(written))
        field = self._compared_field() if not written else None
        return words, None, Values(field, "") if field else None

    # -- what is before -----------------------------------------------------------------------

    def _read(self, word: Token, before: Token | None) -> None:
        top = self._open[-1]
        if word.kind in _NUMBERS:
            top.number = not top.compared
        if word.kind != "sign":
            return
        if word.value in ("{", "(", "["):
            self._begin(word, before)
        elif word.value in ("}", ")", "]"):
            if len(self._open) > 1:
                self._closed = self._open.pop()
                outer = self._open[-1]
                outer.measured |= self._closed.measured or self._closed.function in (*MEASURES, "compare")
                outer.number = self._closed.function in AGGREGATES or (
                    not self._closed.function and self._closed.number
                )
        elif word.value in _COMPARISONS:
            top.compared, top.number = True, False
        elif word.value in (*_LOGIC, ",", "|"):
            top.compared, top.number = False, False

    def _begin(self, word: Token, before: Token | None) -> None:
        function = before.value if word.value == "(" and before is not None and before.kind == "name" else ""
        if function == "by" and self._closed.function in MEASURES:
            function = "labels"
        self._open.append(_Open(word.value, function))

    def _compared_field(self) -> Field | None:
        """The field before the comparison that the cursor follows."""
        if not self._in_expression() or len(self._words) < 2:
            return None
        field, sign = self._words[-2:]
        if sign.kind != "sign" or sign.value not in _COMPARISONS:
            return None
        if field.kind == "attribute":
            return Attribute(*field.value)
        name = INTRINSICS.get(field.value) if field.kind in ("name", "scoped") else None
        return Intrinsic(name) if name else None

    def _in_expression(self) -> bool:
        return any(each.sign == "{" or each.function in _TAKES_EXPRESSION for each in self._open)

    # -- what may follow ----------------------------------------------------------------------

    def _expected(self) -> Iterable[Word]:
        top = self._open[-1]
        last = self._words[-1] if self._words else None
        sign = last.value if last is not None and last.kind == "sign" else ""
        wanted = last is None or sign in (
            "{",
            "(",
            "[",
            ",",
            "|",
            "!",
            *_LOGIC,
            *_COMPARISONS,
            *_ARITHMETIC,
            *_STRUCTURAL,
        )
        if top.sign == "[":
            return _words("constant", CONSTANTS) if wanted else _words("bracket", (",", "]"))
        if top.function == "with":
            return self._hints(sign, last)
        if top.function in _TAKES_NOTHING:
            return _words("bracket", (")",))
        if top.function in _TAKES_FIELDS:
            return _FIELDS if wanted else _words("bracket", (",", ")"))
        if self._in_expression():
            return self._operands(sign, top) if wanted else self._operators(cast("Token", last), top)
        if top.function == "compare":
            return _words("bracket", ("{",) if sign == "(" else (",", ")"))
        if top.function:
            return () if wanted else _words("bracket", (")",))
        return self._parts(sign, top) if wanted else self._joints(cast("Token", last), top)

    def _operands(self, sign: str, top: _Open) -> Iterable[Word]:
        if sign not in _COMPARISONS:
            close = _words("bracket", ("}",) if sign == "{" else ())
            return [
                *close,
                *_FIELDS,
                *_words("constant", CONSTANTS if sign not in _ARITHMETIC or not top.compared else ()),
            ]
        if sign in _MATCH:
            return ()
        field = self._compared_field()
        type_ = TYPES[field.name] if isinstance(field, Intrinsic) else None
        fitting = [word for word, constant in CONSTANTS.items() if constant.type == (type_ or "bool")]
        fitting += ["nil"] if type_ is None or sign == "!=" else []
        return [*_words("constant", fitting if sign in _EQUAL else ()), *_FIELDS]

    def _operators(self, last: Token, top: _Open) -> Iterable[Word]:
        close = _words("bracket", ("}" if top.sign == "{" else ")",))
        if top.function == "sort" and last.kind != "sign":
            close = [*_words("operator", ("desc", "asc")), *_words("bracket", (",", ")"))]
        if top.compared:
            arithmetic = _ARITHMETIC if last.kind in ("attribute", *_NUMBERS) else ()
            return [*_words("operator", (*_LOGIC, *arithmetic)), *close]
        name = INTRINSICS.get(last.value) if last.kind in ("name", "scoped") else None
        type_ = TYPES[name] if name else None
        comparisons = _COMPARISONS
        if type_ in ("status", "kind"):
            comparisons = _EQUAL
        elif type_ in ("int", "float", "duration") or last.kind in _NUMBERS:
            comparisons = (*_ORDER, *_EQUAL, *_ARITHMETIC)
        elif type_ is None:
            comparisons = (*_COMPARISONS, *_ARITHMETIC)
        return [*_words("operator", comparisons), *close, *_words("operator", _LOGIC if type_ is None else ())]

    def _parts(self, sign: str, top: _Open) -> Iterable[Word]:
        """What begins a stage or an operand."""
        if sign == "|" and top.measured:
            return _words("function", [f"{each}(" for each in RANKS])
        spans = _words("bracket", ("{", "(", "!{"))
        aggregates = _words("function", [f"{each}(" for each in AGGREGATES])
        if sign in ("", "("):
            return [*spans, *aggregates, *_words("function", ("by(", "select("))]
        if sign == "|":
            measures = _words("function", [f"{each}(" for each in (*MEASURES, "compare")])
            return [*measures, *aggregates, *_words("function", [f"{each}(" for each in STAGES]), *spans]
        if sign in _ARITHMETIC or (sign in _COMPARISONS and self._closed.sign == "(" and not top.measured):
            return [*aggregates, *_words("bracket", ("(", "{"))]
        return spans

    def _joints(self, last: Token, top: _Open) -> Iterable[Word]:
        """What joins two stages, or two operands."""
        function = self._closed.function if last.kind == "sign" and last.value == ")" else ""
        words = _words("function", ("by (",) if function in MEASURES else ())
        if top.number:
            words += _words("operator", (*_ORDER, *_EQUAL, *_ARITHMETIC))
            return [*words, *_words("bracket", (")",) if top.sign else ())]
        words += _words("operator", ("|",))
        if last.kind in _NUMBERS:
            words += _words("operator", _ARITHMETIC)
        if function in (*MEASURES, *RANKS, "labels"):
            words += _words("operator", (*_ORDER, *_EQUAL))
        elif top.measured:
            words += _words("operator", (*_ARITHMETIC[:4], *_ORDER, *_EQUAL))
        elif last.kind == "sign" and not function:
            words += _words("operator", (*_LOGIC, *_STRUCTURAL))
        return [*words, *(_words("bracket", (")",)) if top.sign else _words("function", ("with (",)))]

    def _hints(self, sign: str, last: Token | None) -> Iterable[Word]:
        if sign in ("(", ","):
            return _words("hint", SAFE_HINTS)
        if sign == "=":
            return _words("constant", ("true", "false"))
        return (
            _words("operator", ("=",))
            if last is not None and last.value in SAFE_HINTS
            else _words("bracket", (",", ")"))
        )


def _words(kind: WordKind, texts: Iterable[str]) -> list[Word]:
    return [Word(text, kind) for text in texts]


_FIELDS = [
    *_words("scope", ("span.", "resource.")),
    *_words("intrinsic", [name for name in INTRINSICS if ":" not in name]),
    *_words("scope", [f"{scope}." for scope in SCOPES[2:]]),
    *_words("intrinsic", [name for name in INTRINSICS if ":" in name]),
]


def _attribute_words(written: str) -> tuple[Word, ...]:
    deeper = _words("scope", ("parent.span.", "parent.resource."))
    return tuple(word for word in deeper if word.text.startswith(written)) if written.startswith("parent.") else ()


def _names(written: str, begun: Token) -> Names:
    if begun.kind == "attribute":
        scope, name, parent = begun.value
        return Names(scope, name, parent)
    rest = written.removeprefix("parent.")
    scope, _, name = rest.partition(".") if rest else ("", "", "")
    if parent := rest != written:
        scope, name = (scope, name) if scope in ("span", "resource") else ("", rest)
    return Names(cast("AttributeScope", scope or "any"), name.replace('"', ""), parent)


def _inside(written: str) -> str:
    """Of a string that has only begun; an escape that has only begun is left out."""
    try:
        return unescaped(written[1:].rstrip("\\")) if written[0] == '"' else written[1:]
    except BadEscape as error:
        return written[1 : 1 + error.at]
