"""Pages: what components have to show while they run, for people who ask an extension such as zpages.

A component adds what it has to a page by name; whoever serves pages asks at the moment that somebody looks:

    forget = ctx.pages.add(SAMPLINGZ, "tail_sampling in traces", self._shown)
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Shown: TypeAlias = "str | float | bool | Sequence[Shown] | Mapping[str, Shown] | None"
"""As JSON has it; a list of mappings reads as a table."""
Question: TypeAlias = Mapping[str, str]
Read: TypeAlias = Callable[[Question], Shown]
"""Answers what is asked now. Raises ValueError, with what to ask instead, for a question that makes no sense."""


class Link(str):
    """A text that leads somewhere where that can be drawn, and is a text elsewhere."""

    __slots__ = ("target",)
    target: str

    def __new__(cls, text: str, target: str) -> "Link":
        """`target`: relative to the page, such as `?trace_id=…`, encoded."""
        made = super().__new__(cls, text)
        made.target = target
        return made


@dataclass(frozen=True, slots=True)
class Page:
    """One page; several components may show something on it."""

    name: str
    """In its address: `samplingz`."""
    about: str
    """What it shows, in a sentence."""
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """What a question may say, each with the values to choose from; none: any text."""
    live: bool = False
    """Worth to be looked at again and again."""


class Pages:
    """All pages of a process. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._added: list[tuple[Page, str, Read]] = []

    def add(self, page: Page, section: str, read: Read) -> Callable[[], None]:
        """Show what `read` answers under this heading of the page; call what is returned to stop that."""
        entry = (page, section, read)
        with self._lock:
            self._added.append(entry)

        def forget() -> None:
            with self._lock:
                if entry in self._added:
                    self._added.remove(entry)

        return forget

    def all(self) -> list[Page]:
        """Each that somebody has added to, by name."""
        with self._lock:
            found = {page.name: page for page, _, _ in reversed(self._added)}
        return [found[name] for name in sorted(found)]

    def read(self, name: str, question: Question) -> dict[str, Shown]:
        """What stands under each heading of a page now; nothing, if there is no such page. Raises ValueError."""
        with self._lock:
            entries = [(section, read) for page, section, read in self._added if page.name == name]
        return {section: read(question) for section, read in entries}
