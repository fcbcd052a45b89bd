"""A LogQL text read word by word, with errors that say what was expected."""

from typing import NoReturn

from .errors import LogqlError
from .lex import Kind, Token, tokens

_MAX_LENGTH = 100_000
_MAX_DEPTH = 64
_MAX_OPERATORS = 250


class Words:
    """The words that are still to be read."""

    def __init__(self, text: str) -> None:
        """Raises LogqlError."""
        if len(text) > _MAX_LENGTH:
            raise LogqlError(text, _MAX_LENGTH, f"the query is longer than {_MAX_LENGTH} characters")
        self.text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0
        self._operators = 0

    @property
    def now(self) -> Token:
        """The next word."""
        return self._tokens[self._at]

    @property
    def then(self) -> Token:
        """The one behind it."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Read a word; the end stays."""
        token = self.now
        if token.kind != "end":
            self._at += 1
        return token

    def is_sign(self, *signs: str) -> bool:
        """Whether the next word is one of these signs."""
        return self.now.kind == "sign" and self.now.text in signs

    def is_name(self, *names: str) -> bool:
        """Whether the next word is one of these names."""
        return self.now.kind == "name" and self.now.text in names

    def is_kind(self, kind: Kind) -> bool:
        """Whether the next word is of this kind."""
        return self.now.kind == kind

    def skip(self, sign: str) -> bool:
        """Read this sign if it is next."""
        if self.is_sign(sign):
            self.take()
            return True
        return False

    def expect(self, sign: str, why: str = "") -> Token:
        """Read this sign. Raises LogqlError."""
        if not self.is_sign(sign):
            self.fail(f"expected `{sign}`{why}, found {self.now}")
        return self.take()

    def word(self, kind: Kind, what: str) -> Token:
        """Read a word of this kind. Raises LogqlError."""
        if self.now.kind != kind:
            self.fail(f"expected {what}, found {self.now}")
        return self.take()

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Raises LogqlError at this place, else at the next word."""
        raise LogqlError(self.text, self.now.at if at is None else at, message)

    def deeper(self) -> None:
        """Called at each opening parenthesis, so that no text can exhaust the stack. Raises LogqlError."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self.fail(f"more than {_MAX_DEPTH} parentheses within each other")

    def one_more_operator(self) -> None:
        """Called at each one between numbers or series: a row of them is as deep as it is long. Raises LogqlError."""
        self._operators += 1
        if self._operators > _MAX_OPERATORS:
            self.fail(f"more than {_MAX_OPERATORS} operators in a query: ask in parts")

    def shallower(self) -> None:
        """… and at each closing one."""
        self._depth -= 1
