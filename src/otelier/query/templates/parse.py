"""From a template's text to its tree, after the documentation of Go's package text/template."""

from collections.abc import Collection

from .ast import Action, Branch, Call, Leave, Node, Template, Text
from .lex import Token
from .parse_pipeline import PipelineParser

_DEPTH_MAX = 100


def parse(name: str, text: str, functions: Collection[str]) -> Template:
    """Raises TemplateError."""
    return _Parser(name, text, functions).template()


class _Parser(PipelineParser):
    def template(self) -> Template:
        nodes: list[Node] = []
        while self._peek().kind != "end":
            if self._at_word("define"):
                self._define()
                continue
            node, word = self._node()
            if node is None:
                raise self._fail(self._peek().at, f"unexpected {{{{{word}}}}}")
            nodes.append(node)
        return Template(self._name, self._text, tuple(nodes), self._defined)

    def _define(self) -> None:
        name = self._quoted("define clause")
        self._right("define clause")
        variables, self._variables = self._variables, ["$"]
        nodes, word = self._list()
        if word != "end":
            raise self._fail(self._peek().at, "unexpected {{else}} in define clause")
        self._variables = variables
        if name not in self._defined or any(not isinstance(each, Text) or each.text.strip() for each in nodes):
            self._defined[name] = nodes

    def _list(self) -> tuple[tuple[Node, ...], str]:
        """Nodes up to `{{end}}` or behind the word `else`; and which of them."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._fail(self._peek().at, f"nested more than {_DEPTH_MAX} levels deep")
        nodes: list[Node] = []
        while self._peek().kind != "end":
            node, word = self._node()
            if node is None:
                self._depth -= 1
                return tuple(nodes), word
            nodes.append(node)
        raise self._fail(self._peek().at, "unexpected EOF")

    def _node(self) -> tuple[Node | None, str]:
        """A node; or None and `end` or `else` (which of both was read)."""
        token = self._advance()
        if token.kind == "text":
            return Text(token.at, token.text), ""
        first = self._skip_space()
        if first.kind == "name":
            match first.text:
                case "end" | "else":
                    self._next += 1
                    if first.text == "end":
                        self._right("end")
                    return None, first.text
                case "if" | "with" | "range":
                    self._next += 1
                    return self._branch(first), ""
                case "template" | "block":
                    self._next += 1
                    return self._call(first), ""
                case "break" | "continue":
                    self._next += 1
                    if not self._loops:
                        raise self._fail(first.at, f"{{{{{first.text}}}}} outside {{{{range}}}}")
                    self._right(first.text)
                    return Leave(first.at, first.text), ""
                case "define":
                    raise self._fail(first.at, "unexpected {{define}} in command")
                case _:
                    pass
        pipe = self._pipe("command", "right")
        return Action(first.at, pipe), ""

    def _branch(self, word: Token) -> Branch:
        known = len(self._variables)
        pipe = self._pipe(word.text, "right")
        if word.text == "range":
            self._loops += 1
        body, ended = self._list()
        otherwise: tuple[Node, ...] = ()
        if word.text == "range":
            self._loops -= 1
        if ended == "else":
            otherwise = self._otherwise(word)
        del self._variables[known:]
        return Branch(word.at, word.text, pipe, body, otherwise)

    def _otherwise(self, word: Token) -> tuple[Node, ...]:
        follows = self._skip_space()
        if follows.kind == "name" and follows.text == word.text and word.text in ("if", "with"):
            # `else if` is a branch in the other one; one `end` is for both.
            self._next += 1
            return (self._branch(follows),)
        self._right("else")
        nodes, ended = self._list()
        if ended == "else":
            raise self._fail(self._peek().at, "expected end; found {{else}}")
        return nodes

    def _call(self, word: Token) -> Call:
        at = self._skip_space().at
        name = self._quoted(f"{word.text} clause")
        pipe = None
        if self._skip_space().kind == "right":
            self._next += 1
        else:
            pipe = self._pipe(f"{word.text} clause", "right")
        if word.text == "block":
            variables, self._variables = self._variables, ["$"]
            self._defined[name], ended = self._list()
            if ended != "end":
                raise self._fail(self._peek().at, "unexpected {{else}} in block clause")
            self._variables = variables
        return Call(at, name, pipe)
