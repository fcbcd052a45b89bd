"""Where in a text something is wrong."""


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Both from 1, of the character `at` characters from the beginning."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
