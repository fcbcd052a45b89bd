"""The tables of views in docs/reference/sql.md from the code; `--check` fails if they are out of date."""

import argparse
import sys
from pathlib import Path

from otelier.query.sql.columns import VIEWS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "sql.md"
BEGIN, END = "<!-- views: written by tools/gen_sql.py -->\n", "<!-- end of views -->\n"


def tables() -> str:
    parts: list[str] = []
    for name, view in VIEWS.items():
        parts += [f"### `{name}`\nA row is {view.text}.\n", "| column | type | |", "|---|---|---|"]
        parts += [f"| `{column}` | `{each.type}` | {each.text} |" for column, each in view.columns.items()]
        keys = ", ".join(f'`"{prefix}KEY"`' for prefix in view.attributes)
        parts += [f'| {keys} | | attributes, in double quotes: `"{view.examples[0]}"` |', ""]
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = TARGET.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    wanted = before + BEGIN + tables() + END + after
    if parser.parse_args().check:
        if wanted != text:
            print(f"{TARGET.name} is out of date: run make docs", file=sys.stderr)
        return int(wanted != text)
    TARGET.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
