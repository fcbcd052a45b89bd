import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import pytest
from msgspec import Meta, UnsetType, field

from otelier.component import Config, Duration, registry


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "gen_reference.py"
    spec = importlib.util.spec_from_file_location("gen_reference", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_check_fails_exactly_when_the_file_differs_from_the_code(tool: ModuleType, tmp_path: Path, capsys) -> None:
    target = tmp_path / "components.md"
    assert tool.main(["--check", "--target", str(target)]) == 1
    assert tool.main(["--target", str(target)]) == 0
    assert tool.main(["--check", "--target", str(target)]) == 0
    target.write_text(target.read_text().replace("`200ms`", "`300ms`", 1))
    capsys.readouterr()
    assert tool.main(["--check", "--target", str(target)]) == 1
    assert "`make docs`" in capsys.readouterr().out
    assert "`300ms`" in target.read_text()


def test_every_registered_component_is_in_the_inventory_with_its_other_names(tool: ModuleType) -> None:
    registry.load_components()
    components = registry.registrations()
    text = tool.reference(components)
    for each in components:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| [{each.type}](#{each.type}-{each.kind})")]
        assert each.promise.replace("|", "\\|") in row
        assert all(f"`{alias}`" in row for alias in each.aliases)
        assert f"\n### {each.type} {each.kind}\n" in text


class Recursive(Config):
    name: str = ""
    """Of it."""
    parts: "list[Recursive]" = field(default_factory=list)
    """Smaller ones."""


def test_a_group_that_holds_its_own_kind_is_told_once(tool: ModuleType) -> None:
    class Whole(Config):
        one: Recursive = Recursive()
        """All."""

    tool.docstrings.cache_clear()
    found = dict(tool.keys(Whole, "Whole"))
    assert list(found) == ["one", "one.name", "one.parts"]
    assert found["one.parts"][2] == "Smaller ones. Keys as in `one`."


class Inner(Config):
    wait: Duration = Duration(1)
    """How long."""


class Outer(Config):
    size_mib: Annotated[int, Meta(ge=1, le=5)]
    """How
    large."""
    mode: Literal["", "a", "b"] = "a"
    """Which."""
    inner: Inner = Inner(wait=Duration(90))
    """A group with a default of its own."""
    other: Inner | UnsetType | None = None
    """A group that is off."""
    many: list[Inner] = field(default_factory=list)
    """Several."""
    named: Mapping[str, Inner | bool] = field(default_factory=dict)
    """By name."""


def test_keys_carry_type_bounds_unit_default_and_sentence(tool: ModuleType) -> None:
    assert list(tool.keys(Outer, "Outer")) == [
        ("size_mib", ("whole number, at least 1, at most 5, MiB", "required", "How large.")),
        ("mode", ("one of `a`, `b`", "`a`", "Which.")),
        ("inner", ("group", "", "A group with a default of its own.")),
        ("inner.wait", ("duration", "`90s`", "How long.")),
        ("other", ("group", "off", "A group that is off.")),
        ("other.wait", ("duration", "`1s`", "How long.")),
        ("many", ("list of group", "", "Several.")),
        ("many[].wait", ("duration", "`1s`", "How long.")),
        ("named", ("names and group or true or false", "", "By name.")),
        ("named.<name>.wait", ("duration", "`1s`", "How long.")),
    ]


class Silent(Config):
    key: int = 0


def test_a_key_without_a_sentence_is_refused(tool: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"Silent\.key .* has no docstring"):
        list(tool.keys(Silent, "Silent"))
