"""Regular expressions as Prometheus has them: RE2, anchored at both ends, and templates filled from a match."""

import re
from typing import Any

import re2  # pyright: ignore[reportMissingTypeStubs]

_REFERENCE = re.compile(r"\$(?:(\$)|([0-9A-Za-z_]+)|\{([0-9A-Za-z_]+)\})")


class BadPattern(ValueError):  # noqa: N818 - says what is wrong
    """A text is no regular expression; the message says why."""


class Pattern:
    """A regular expression that fits whole texts. Raises BadPattern."""

    def __init__(self, pattern: str) -> None:
        api: Any = re2
        options = api.Options()
        options.log_errors = False
        options.dot_nl = True
        try:
            # Alone first, so that the message is about what was written.
            api.compile(pattern.encode(errors="surrogateescape"), options)
            self._compiled = api.compile(b"^(?s:" + pattern.encode(errors="surrogateescape") + b")\\z", options)
        except api.error as error:
            reason = error.args[0]
            raise BadPattern(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from None

    def fits(self, text: str) -> bool:
        """The whole of it."""
        return self._compiled.match(text.encode(errors="surrogateescape")) is not None

    def expanded(self, text: str, replacement: str) -> str | None:
        """The replacement with `$1` and `${name}` filled in; None if the text does not fit."""
        match = self._compiled.match(text.encode(errors="surrogateescape"))
        if match is None:
            return None
        named: dict[bytes, int] = self._compiled.groupindex
        last: int = self._compiled.groups

        def group(reference: "re.Match[str]") -> str:
            if reference[1]:
                return "$"
            name = reference[2] or reference[3]
            number = int(name) if name.isdigit() else named.get(name.encode(), -1)
            found: bytes | None = match.group(number) if 0 <= number <= last else None
            return "" if found is None else found.decode(errors="surrogateescape")

        return _REFERENCE.sub(group, replacement)
