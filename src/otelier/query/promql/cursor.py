"""A place between the words of a text, from which both halves of the parser read on."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import NoReturn

from .errors import ParseError
from .lex import Token, tokens

_DEPTH_MAX = 100


class Cursor:
    """Words that were not read yet. Whatever fails raises ParseError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next word."""
        return self._tokens[self._next]

    @property
    def empty(self) -> bool:
        """There are no words at all."""
        return len(self._tokens) == 1

    @property
    def end(self) -> int:
        """Where the last word that was read ends."""
        return self._tokens[self._next - 1].end if self._next else 0

    def advance(self) -> Token:
        """Read one word."""
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def followed_by(self, *words: str) -> bool:
        """The word after the next one is one of these signs or keywords."""
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        return (following.kind == "sign" and following.text in words) or (
            following.word in words and following.word != ""
        )

    def at_sign(self, *signs: str) -> bool:
        """The next word is one of these signs."""
        return self.token.kind == "sign" and self.token.text in signs

    def at_word(self, *words: str) -> bool:
        """The next word is one of these keywords, in capitals or not."""
        return self.token.word in words and self.token.word != ""

    def taken(self, sign: str) -> bool:
        """Read a sign if it is the next word."""
        if not self.at_sign(sign):
            return False
        self._next += 1
        return True

    def expect(self, sign: str, context: str) -> Token:
        """Read a sign, which must come next."""
        if not self.at_sign(sign):
            self.unexpected(context, [sign])
        return self.advance()

    def unexpected(self, context: str, expected: Iterable[str] = ()) -> NoReturn:
        """Say what the next word is, where it stands, and what should stand there."""
        wanted = " or ".join(f'"{sign}"' if len(sign) < 4 else sign for sign in expected)
        message = f"unexpected {self.token} in {context}"
        raise ParseError(self.text, self.token.at, f"{message}, expected {wanted}" if wanted else message)

    def fail(self, message: str, at: int) -> NoReturn:
        """Something else is wrong with what begins at `at`."""
        raise ParseError(self.text, at, message)

    @contextmanager
    def deeper(self) -> Generator[None]:
        """One level of nesting, of which there is a limit."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            self.fail(f"the expression is nested more than {_DEPTH_MAX} levels deep", self.token.at)
        yield
        self._depth -= 1
