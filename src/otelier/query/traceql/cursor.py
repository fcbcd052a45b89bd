"""Where a parser stands in the words of its text, and how it complains."""

from collections.abc import Callable, Container, Generator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from .errors import TraceqlError, meant
from .lex import Token, tokens
from .words import meant_operator

LENGTH_MAX = 128 * 1024
"""Characters of a text."""
DEPTH_MAX = 64
"""Parentheses and operators inside of each other."""

_P = TypeVar("_P")


class Cursor:
    """Reads words one by one."""

    def __init__(self, text: str) -> None:
        if len(text) > LENGTH_MAX:
            raise TraceqlError(
                text, LENGTH_MAX, f"the query has {len(text)} characters, at most {LENGTH_MAX} can be read"
            )
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0
        self._token = self._tokens[0]

    def _advance(self) -> Token:
        """The word, and on to the next one."""
        token = self._token
        self._next += 1
        self._token = self._tokens[self._next]
        return token

    def _is(self, sign: str) -> bool:
        return self._token.value == sign and self._token.kind == "sign"

    def _calls(self, names: Container[str]) -> bool:
        """Whether the word is one of these names with a parenthesis behind it."""
        token = self._token
        return token.kind == "name" and token.value in names and self._follows("(")

    def _follows(self, sign: str) -> bool:
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        return following.kind == "sign" and following.value == sign

    def _before(self) -> Token | None:
        return self._tokens[self._next - 1] if self._next else None

    def _taken(self, sign: str) -> bool:
        if self._token.value != sign or self._token.kind != "sign":
            return False
        self._advance()
        return True

    def _expect(self, sign: str) -> None:
        if not self._taken(sign):
            self._unexpected(sign)

    def _several(self, part: Callable[[], _P]) -> tuple[_P, ...]:
        """One part or more with commas between them, and the closing parenthesis behind them."""
        found = [part()]
        while self._taken(","):
            found.append(part())
        if not self._taken(")"):
            self._unexpected(", or )")
        return tuple(found)

    def _written(self, token: Token) -> str:
        return self._text[token.at : token.end]

    def _unexpected(self, wanted: str, form: str = "") -> NoReturn:
        """Complains of the word; `form`: what was probably meant."""
        token = self._token
        if not form and token.kind == "name":
            form = meant_operator(token.value)
        shown = "the end" if token.kind == "end" else self._written(token)
        self._fail(token, f"expected {wanted}, got {shown if len(shown) < 60 else shown[:60] + '…'}", form)

    def _fail(self, token: Token, message: str, form: str = "") -> NoReturn:
        if token.kind in ("wrong", "open"):
            raise TraceqlError(self._text, token.at, token.value)
        self._fail_at(token.at, message, meant(form))

    def _fail_at(self, at: int, message: str, hint: str = "") -> NoReturn:
        raise TraceqlError(self._text, at, message, hint)

    @contextmanager
    def _deeper(self) -> Generator[None]:
        if self._depth >= DEPTH_MAX:
            self._fail_at(self._token.at, f"nested more than {DEPTH_MAX} deep; split the query")
        self._depth += 1
        yield
        self._depth -= 1
