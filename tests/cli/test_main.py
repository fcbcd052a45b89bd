"""The command itself: version, help, exit codes; nothing is imported that is not needed."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from otelier import __version__
from otelier.cli import main


def run(*words: str):
    return CliRunner().invoke(main, words)


def test_the_version_is_printed():
    assert run("--version").stdout == f"otelier {__version__}\n"


def test_help_lists_every_verb_with_what_it_does():
    said = run("--help").stdout
    for verb in ("run", "validate", "components", "print-config", "data", "query", "exec"):
        assert f"\n  {verb} " in said


@pytest.mark.parametrize("verb", ["run", "validate", "components", "print-config", "data", "query", "exec"])
def test_every_verb_has_help(verb):
    done = run(verb, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("words", [["fly"], ["run"], ["validate", "--colour"], ["components", "extra"]])
def test_wrong_usage_is_exit_code_two(words):
    done = run(*words)
    assert done.exit_code == 2
    assert done.stderr.startswith("Usage:")


@pytest.mark.parametrize(
    ("option", "verb"), [("--print-config", "run"), ("--print", "tail"), ("--print-config", "query")]
)
def test_what_is_for_all_in_one_is_refused_in_front_of_a_verb(option, verb):
    done = run(option, verb, "SELECT 1") if verb == "query" else run(option, verb)
    assert done.exit_code == 2
    assert f"{verb} takes no {option}: that is for `otelier` without a command" in done.stderr


@pytest.mark.parametrize("verb", ["run", "validate", "print-config"])
def test_a_configuration_with_problems_is_exit_code_two_one_line_each(verb, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("recievers:\nservice:\n  pipelines:\n    spans:\n")
    done = run(verb, "--config", str(file))
    assert done.exit_code == 2
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first == f"{file}:1:1: unknown key `recievers` (did you mean `receivers`?)"
    assert second.startswith(f"{file}:4:5: `spans` is not a signal")


def test_version_needs_nothing_of_the_product_but_the_core():
    program = (
        "import sys\nfrom otelier.cli import main\n"
        "main(['--version'], standalone_mode=False)\n"
        "unwanted = ('otelier.component', 'otelier.config', 'otelier.pipeline', 'rich', 'yaml', 'google')\n"
        "print([m for m in sys.modules if m.startswith(unwanted)])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"
