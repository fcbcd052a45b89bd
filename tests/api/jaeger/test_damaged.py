"""A search over a store with a damaged segment: what the others hold is found, and the answer says what is missing."""

from pathlib import Path

from otelier.storage.local.manifest import of_signal
from otelier.testing import span, trace_id, traces

CLASSIC = "/api/traces?service=shop&start=0&end=4000000000000000"
V3 = "/api/v3/trace-summaries?query.startTimeMin=2023-01-01T00:00:00Z&query.startTimeMax=2024-01-01T00:00:00Z"


def two_segments(backend, tenant: str = "default") -> Path:
    """The first one's file."""
    backend.store(traces(span(trace=1)), tenant)
    backend.engine.flush(everything=True)
    (first,) = of_signal(backend.engine.state, tenant, "traces")
    backend.store(traces(span(trace=2)), tenant)
    backend.engine.flush(everything=True)
    return Path(first.path)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def test_classic_and_v3_answer_the_rest_and_name_what_is_damaged(backend, tmp_path: Path):
    damaged = two_segments(backend)
    cut(tmp_path / damaged)
    answer = backend.ask(CLASSIC).json
    assert [trace["traceID"] for trace in answer["data"]] == [trace_id(2).hex()]
    (error,) = answer["errors"]
    assert error["msg"].startswith("not searched:") and str(damaged) in error["msg"]
    answer = backend.ask(V3).json
    assert len(answer["summaries"]) == 1
    (warning,) = answer["warnings"]
    assert str(damaged) in warning


def test_nothing_is_said_while_nothing_is_damaged_nor_of_what_others_have(backend, tmp_path: Path):
    cut(tmp_path / two_segments(backend, "acme"))
    backend.ask(CLASSIC, X_Scope_OrgID="acme")
    two_segments(backend)
    assert backend.ask(CLASSIC).json["errors"] is None
    assert backend.ask(V3).json.keys() == {"summaries"}
