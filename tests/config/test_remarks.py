"""Structs speak about choices that are allowed, each with its place, and only when nothing is wrong."""

from msgspec import field

from otelier.component import Config, Remark
from otelier.config import decode, load, remarks_of


class Rule(Config):
    limit: int = 0

    def remarks(self):
        if self.limit == 0:
            yield Remark("limit", "0 means no limit", "write 1 for a limit")


class Top(Config):
    rules: tuple[Rule, ...] = ()
    named: dict[str, Rule] = field(default_factory=dict)
    and_: Rule | None = field(name="and", default=None)
    size: int = 1

    def remarks(self):
        if self.size > 1:
            yield Remark("", "is large")


def said(text: str) -> list[str]:
    document = load([f"yaml:{text}"])
    config = decode(Top, document.tree["top"], ("top",), document)
    return [str(remark).partition(":")[2].partition(":")[2] for remark in remarks_of(config, ("top",), document)]


def test_structs_at_any_depth_are_asked():
    text = "top:\n  rules:\n  - limit: 5\n  - limit: 0\n  named:\n    a.b: {limit: 0}\n  and:\n    limit: 0"
    assert said(text) == [
        "4:12: `limit`: 0 means no limit (write 1 for a limit)",
        "6:18: `limit`: 0 means no limit (write 1 for a limit)",
        "8:12: `limit`: 0 means no limit (write 1 for a limit)",
    ]


def test_a_struct_can_speak_of_itself_and_of_keys_that_are_not_there():
    assert said("top:\n  size: 2\n  rules:\n  - {}") == [
        "1:1: `top`: is large",
        "4:5: `limit`: 0 means no limit (write 1 for a limit)",
    ]
    assert said("top: {size: 1}") == []
