"""Texts as patterns of RE2, which the core reads alike."""

import re

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""Characters that mean something in patterns."""


def escaped(text: str) -> str:
    """A pattern that is found where the text is."""
    return _SPECIAL.sub(r"\\\g<0>", text)
