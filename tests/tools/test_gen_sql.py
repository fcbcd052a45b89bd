"""The tables of views in the reference are those of the code."""

import importlib.util
from pathlib import Path
from types import ModuleType

from otelier.query.sql.columns import VIEWS


def tool() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "gen_sql.py"
    spec = importlib.util.spec_from_file_location("gen_sql", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_column_is_described():
    text = tool().tables()
    for name, view in VIEWS.items():
        assert f"### `{name}`" in text
        for column, each in view.columns.items():
            assert f"| `{column}` | `{each.type}` | {each.text} |" in text
