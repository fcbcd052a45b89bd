"""Layout rules as code: what a reader may rely on anywhere in this tree."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 500
LONG_FILES: dict[str, str] = {
    "src/otelier/_core.pyi": "the stub of one module; a reader of the boundary wants it whole"
}
MAX_IMAGE_BYTES = 200_000
"""Files over the limit, each with the reason why splitting it would make it harder to read."""
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
COMPONENT_FOLDERS = {"receivers", "processors", "connectors", "exporters", "extensions"}
# What programs wrote for tests: seeds, and data directories that every later version must read.
BYTES = re.compile(r"/fuzz/corpus/|tests/storage/format_\d+/data/")
FRAGMENT = re.compile(r"\+[a-z0-9-]+\.(added|changed|deprecated|removed|fixed|security)\.md")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
MARKS = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
# Hosts are spelled in parts, so that this file passes its own check.
REGISTRY_HOSTS = re.compile("|".join(re.escape(".".join(p)) for p in [
    ("pypi", "org"), ("pythonhosted", "org"), ("crates", "io"), ("npmjs", "org"), ("proxy", "golang", "org"),
    ("repo1", "maven", "org"), ("deb", "debian", "org"),
]))  # fmt: skip
ABSOLUTE = re.compile(r"(?<![\w./])/(?:root|home/\w+|work)/")


def main() -> int:
    """Print every broken rule; exit 1 if there is one."""
    problems = [p for path in tracked() for p in check(path)]
    problems += [f"tools/check_structure.py: {p} is listed as long but is not" for p in LONG_FILES if not is_long(p)]
    print("\n".join(sorted(problems)) or "structure: fine")
    return bool(problems)


def tracked() -> Iterator[Path]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    return (ROOT / name for name in names if (ROOT / name).is_file())


def check(path: Path) -> Iterator[str]:
    name = path.relative_to(ROOT).as_posix()
    if BYTES.search(name):
        return
    if name.startswith("docs/images/") and path.suffix == ".png":
        yield from check_picture(path, name)
        return
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        yield f"{name}: not a text file"
        return
    if name.startswith("changelog.d/") and not FRAGMENT.fullmatch(path.name):
        yield f"{name}: name a fragment +<what>.<added|changed|deprecated|removed|fixed|security>.md"
    if path.suffix not in {".py", ".pyi", ".rs", ".ts", ".tsx"}:
        yield from check_words(name, text)
        yield from check_links(path, name, text)
        return
    if (lines := text.count("\n")) > MAX_LINES and name not in LONG_FILES:
        yield f"{name}: {lines} lines, at most {MAX_LINES}; split it by what changes together"
    if path.stem in BANNED_NAMES:
        yield f"{name}: the name says nothing; name it after what it does"
    if name != "tools/check_structure.py" and (mark := MARKS.search(text)):
        yield f"{name}: {mark[0]} without an issue number"
    yield from check_words(name, text)
    if path.suffix == ".py" and name.startswith("src/"):
        yield from check_module(path, name, text)


def check_links(path: Path, name: str, text: str) -> Iterator[str]:
    targets = LINK.findall(text) if path.suffix == ".md" else []
    yield from (f"{name}: links to {t}, which isn't there" for t in targets if not (path.parent / t).exists())


def check_picture(path: Path, name: str) -> Iterator[str]:
    if path.stat().st_size > MAX_IMAGE_BYTES:
        yield f"{name}: more than {MAX_IMAGE_BYTES} bytes for a picture"


def check_words(name: str, text: str) -> Iterator[str]:
    if found := REGISTRY_HOSTS.search(text):
        yield f"{name}: names a package registry's host ({found[0]})"
    if name != "tools/check_structure.py" and (found := ABSOLUTE.search(text)):
        yield f"{name}: an absolute path of some machine ({found[0]}…)"


def check_module(path: Path, name: str, text: str) -> Iterator[str]:
    tree = ast.parse(text)
    doc = ast.get_docstring(tree)
    if not doc:
        yield f"{name}: opens without saying what it promises"
    folder = path.relative_to(ROOT / "src" / "otelier").parts[0]
    if folder in COMPONENT_FOLDERS and doc and any(map(is_component, tree.body)):
        component = path.parent.name if path.name == "__init__.py" else path.stem
        if not re.match(rf"{component}: ", doc):
            yield f"{name}: the docstring of a component opens with `{component}: ` and its promise"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > 80:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, at most 80"


def is_component(node: ast.AST) -> bool:
    """A class under `@receiver(…)` or its like."""
    if not isinstance(node, ast.ClassDef):
        return False
    calls = [decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    return any(isinstance(func, ast.Name) and f"{func.id}s" in COMPONENT_FOLDERS for func in calls)


def is_long(name: str) -> bool:
    path = ROOT / name
    return path.is_file() and path.read_text("utf-8").count("\n") > MAX_LINES


if __name__ == "__main__":
    sys.exit(main())
