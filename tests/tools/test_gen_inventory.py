import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from msgspec import field

from otelier.component import Config
from otelier.sending import QueueSettings, RetrySettings, SendSettings


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "gen_inventory.py"
    spec = importlib.util.spec_from_file_location("gen_inventory", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Group(Config):
    some_key: int = 1


class Settings(Config):
    limit: int = 1
    group: Group = field(default_factory=Group)
    rows: list[Group] | None = None
    from_: str = field(default="", name="from")
    parts: "tuple[Settings, ...]" = ()
    queue: QueueSettings = QueueSettings()


class Sending(SendSettings):
    own: str = ""


def test_keys_are_those_of_the_configuration_with_groups_and_lists_of_them(tool: ModuleType) -> None:
    assert tool.keys(Settings).own == ["limit", "group.some_key", "rows.some_key", "from", "parts"]


def test_structs_of_many_components_are_listed_by_themselves(tool: ModuleType) -> None:
    assert tool.keys(Settings).shared == {QueueSettings}
    assert (tool.keys(Sending).own, tool.keys(Sending).shared) == (["own"], {SendSettings})
    assert tool.all_shared({SendSettings}) > {SendSettings, QueueSettings, RetrySettings}
    sections = tool.names()
    assert "sending.QueueSettings.num_consumers" in sections["Keys shared as sending.QueueSettings"]
    assert not [name for name in sections["Keys of the exporter otlphttp"] if "sending_queue" in name]


def test_a_type_of_several_kinds_is_named_with_its_kind(tool: ModuleType) -> None:
    sections = tool.names()
    assert "connectors.routing.table.pipelines" in sections["Keys of the connector routing"]
    assert "processors.routing.table.value" in sections["Keys of the processor routing"]
    assert "tail_sampling.latency" in sections["Policies of tail_sampling"]


def test_markers_of_tests_and_modules_are_read_from_the_source(tool: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_some.py").write_text(
        "pytestmark = pytest.mark.proves('a.x')\n"
        "@pytest.mark.proves('a.y', 'a.x')\ndef test_it(): ...\n"
        "class TestAll:\n    @pytest.mark.proves('a.z')\n    def test_it(self): ...\n"
        "@pytest.mark.proves('{b,c}.{x,y}')\ndef test_all(): ...\n"
    )
    assert tool.collected(folder) == {
        "a.x": ["tests/test_some.py", "tests/test_some.py::test_it"],
        "a.y": ["tests/test_some.py::test_it"],
        "a.z": ["tests/test_some.py::TestAll"],
        **{name: ["tests/test_some.py::test_all"] for name in ("b.x", "b.y", "c.x", "c.y")},
    }


def test_a_name_without_proof_and_a_proof_of_nothing_are_told(tool: ModuleType) -> None:
    proofs = {"a.x": ["t::one"], "a.gone": ["t::two"]}
    assert list(tool.gaps({"All": ["a.x", "a.y"]}, proofs)) == [
        "a.y: no test proves it (mark one by @pytest.mark.proves)",
        "t::two: proves a.gone, which isn't there",
    ]


def test_the_check_fails_when_a_page_is_out_of_date(tool: ModuleType, tmp_path: Path, capsys) -> None:
    assert tool.main(["--check", "--target", str(tmp_path)]) == 1
    assert "inventory.md is out of date: run `make docs`" in capsys.readouterr().out
    assert tool.main(["--target", str(tmp_path)]) == 0
    assert tool.main(["--check", "--target", str(tmp_path)]) == 0
    assert "tests/" in (tmp_path / "conformance.md").read_text()
