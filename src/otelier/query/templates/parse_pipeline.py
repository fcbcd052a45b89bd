"""The pipelines of a template, from words to nodes, after the documentation of Go's package text/template."""

from collections.abc import Collection

from ...component.go_text import BadEscape, quoted, unescaped
from .ast import Bool, Chain, Command, Dot, Field, Identifier, Nil, Node, Number, Operand, Pipe, String, Variable
from .errors import TemplateError
from .lex import Lexer, Token
from .numbers import number

_KEYWORDS = frozenset(
    {".", "block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"}
)
"""What errors put in angles instead of quotes."""


class PipelineParser:
    """Reads words one after the other. Everything raises TemplateError."""

    def __init__(self, name: str, text: str, functions: Collection[str]) -> None:
        self._name = name
        self._text = text
        self._functions = functions
        self._lexer = Lexer(name, text)
        self._tokens = list(self._lexer.tokens())
        self._next = 0
        self._variables = ["$"]
        self._loops = 0
        self._depth = 0
        self._defined: dict[str, tuple[Node, ...]] = {}

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _skip_space(self) -> Token:
        while self._peek().kind == "space":
            self._next += 1
        return self._peek()

    def _at_word(self, word: str) -> bool:
        """At an action that begins with it; goes behind the word."""
        if self._peek().kind != "left":
            return False
        here = self._next + 1
        while self._tokens[here].kind == "space":
            here += 1
        if self._tokens[here].kind != "name" or self._tokens[here].text != word:
            return False
        self._next = here + 1
        return True

    def _fail(self, at: int, message: str) -> TemplateError:
        return self._lexer.fail(at, message)

    def _unexpected(self, token: Token, context: str) -> TemplateError:
        return self._fail(
            token.at, "unexpected EOF" if token.kind == "end" else f"unexpected {_shown(token)} in {context}"
        )

    def _quoted(self, context: str) -> str:
        token = self._skip_space()
        if token.kind not in ("string", "raw"):
            raise self._unexpected(token, context)
        self._next += 1
        return self._text_of(token)

    def _right(self, context: str) -> None:
        token = self._skip_space()
        if token.kind != "right":
            raise self._unexpected(token, context)
        self._next += 1

    def _pipe(self, context: str, end: str) -> Pipe:
        token = self._skip_space()
        variables, assigns = self._declared(context)
        commands: list[Command] = []
        while True:
            token = self._skip_space()
            if token.kind == end or (end == "paren" and token.text == ")" and token.kind == "sign"):
                self._next += 1
                break
            if not self._starts_operand(token):
                raise self._unexpected(token, context)
            commands.append(self._command(token))
        if not commands:
            raise self._fail(token.at, f"missing value for {context}")
        for number_, command in enumerate(commands[1:], 2):
            if isinstance(command.arguments[0], Bool | Dot | Nil | Number | String):
                raise self._fail(command.at, f"non executable command in pipeline stage {number_}")
        if not assigns:
            self._variables += variables
        return Pipe(commands[0].at, tuple(commands), tuple(variables), assigns)

    def _declared(self, context: str) -> tuple[list[str], bool]:
        """`$x :=`, `$x =` or `$i, $x :=` in front, if it is there."""
        start = self._next
        names: list[str] = []
        while self._skip_space().kind == "variable":
            token = self._advance()
            names.append(token.text)
            sign = self._skip_space()
            if sign.kind == "sign" and sign.text in (":=", "="):
                self._next += 1
                if len(names) > 1 and context != "range":
                    raise self._fail(token.at, f"too many declarations in {context}")
                return names, sign.text == "="
            if not (sign.kind == "sign" and sign.text == ",") or context != "range" or len(names) > 1:
                if sign.kind == "sign" and sign.text == ",":
                    raise self._fail(token.at, f"too many declarations in {context}")
                break
            self._next += 1
        self._next = start
        return [], False

    def _starts_operand(self, token: Token) -> bool:
        if token.kind == "sign":
            return token.text in ("(", ".")
        return token.kind in ("string", "raw", "char", "number", "name", "field", "variable")

    def _command(self, first: Token) -> Command:
        arguments: list[Operand] = []
        while True:
            token = self._skip_space()
            if not self._starts_operand(token):
                if token.kind == "sign" and token.text == "|":
                    self._next += 1
                    break
                if token.kind == "right" or (token.kind == "sign" and token.text == ")"):
                    break
                raise self._unexpected(token, "operand")
            arguments.append(self._operand(token))
            follows = self._peek()
            if follows.kind not in ("space", "right") and not (follows.kind == "sign" and follows.text in "|)"):
                raise self._unexpected(follows, "operand")
        return Command(first.at, tuple(arguments))

    def _operand(self, token: Token) -> Operand:
        node = self._term(token)
        at = self._peek().at
        names: list[str] = []
        while self._peek().kind == "field":
            names.append(self._advance().text[1:])
        if not names:
            return node
        match node:
            case Field():
                return Field(at, (*node.names, *names))
            case Variable():
                return Variable(at, (*node.names, *names))
            case Bool() | String() | Number() | Nil() | Dot():
                raise self._fail(token.at, f"unexpected . after term {quoted(str(node))}")
            case _:
                return Chain(at, node, tuple(names))

    def _term(self, token: Token) -> Operand:
        self._next += 1
        match token.kind:
            case "name":
                return self._name_or_word(token)
            case "sign" if token.text == ".":
                return Dot(token.at)
            case "variable":
                self._known(token.text, token.at)
                return Variable(token.at, (token.text,))
            case "field":
                return Field(token.at, (token.text[1:],))
            case "char" | "number":
                return self._number(token)
            case "string" | "raw":
                return String(token.at, token.text, self._text_of(token))
            case _:
                return self._pipe("parenthesized pipeline", "paren")

    def _name_or_word(self, token: Token) -> Operand:
        match token.text:
            case "true" | "false":
                return Bool(token.at, token.text == "true")
            case "nil":
                return Nil(token.at)
            case name:
                if name not in self._functions:
                    raise self._fail(token.at, f'function "{name}" not defined')
                return Identifier(token.at, name)

    def _known(self, name: str, at: int) -> None:
        if name not in self._variables:
            raise self._fail(at, f'undefined variable "{name}"')

    def _number(self, token: Token) -> Number:
        found = number(token.text)
        if found is None:
            raise self._fail(token.at, f'bad number syntax: "{token.text}"')
        return Number(token.at, token.text, *found)

    def _text_of(self, token: Token) -> str:
        if token.kind == "raw":
            return token.text[1:-1]
        try:
            return unescaped(token.text[1:-1], stray="keep")
        except BadEscape:
            raise self._fail(token.at, "invalid syntax") from None


def _shown(token: Token) -> str:
    return f"<{token.text}>" if token.text in _KEYWORDS and token.kind != "string" else str(token)
