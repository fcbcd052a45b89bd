"""The list of components is the registry's."""

import json

from click.testing import CliRunner

from otelier.cli import components, main
from otelier.component.registry import load_components, registrations


def test_in_a_pipe_it_is_json_with_every_registered_type():
    done = CliRunner().invoke(main, ["components"])
    load_components()
    assert [(each["kind"], each["type"]) for each in json.loads(done.stdout)] == [
        (str(each.kind), each.type) for each in registrations()
    ]


def test_other_spellings_signals_and_the_promise_are_told():
    listed = json.loads(CliRunner().invoke(main, ["components", "--json"]).stdout)
    (otlp,) = [each for each in listed if (each["kind"], each["type"]) == ("exporter", "otlp")]
    assert otlp["aliases"] == ["otlp_grpc"]
    assert otlp["signals"] == ["traces", "metrics", "logs"]
    assert otlp["promise"].startswith("send")


def test_people_get_a_table(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    components.command.callback(as_json=False)
    shown = capsys.readouterr().out
    assert "exporters" in shown
    assert "otlp_grpc" in shown
