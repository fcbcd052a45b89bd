"""samplingz: what one tail_sampling decides, by policy; and why a trace was kept, or wasn't."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ...component import Link, Page, Question, Shown
from ...whole_traces import WaitingTraces
from .counters import Counters
from .policies import PolicyConfig
from .records import DecisionRecord, DecisionRecords
from .verdict import Verdict

_DECISIONS = (Verdict.SAMPLED, Verdict.NOT_SAMPLED, Verdict.DROPPED)
SAMPLINGZ = Page(
    "samplingz",
    "What was decided about traces, and what each policy had said. Counts are since the start; records are of the "
    "last traces, newest first. `policy` asks for the traces that this policy decided.",
    asks={"trace_id": (), "decision": tuple(each.name.lower() for each in _DECISIONS), "policy": (), "limit": ()},
)
_LIMIT = 50
_LIMIT_MOST = 1000
_ID_DIGITS = 32


class SamplingPage:
    """Reads what the processor keeps anyway."""

    def __init__(
        self, policies: Sequence[PolicyConfig], records: DecisionRecords, counters: Counters, traces: WaitingTraces
    ) -> None:
        self._policies = policies
        self._records = records
        self._counters = counters
        self._traces = traces

    def read(self, question: Question) -> Shown:
        """See `SAMPLINGZ.asks`. Raises ValueError."""
        if text := question.get("trace_id", "").strip():
            return self._of_trace(_parsed_id(text))
        limit = _parsed_limit(question.get("limit") or str(_LIMIT))
        decision = Verdict[question["decision"].upper()] if question.get("decision") else None
        found = self._records.newest(limit, decision, question.get("policy"))
        stats = self._traces.stats()
        return {
            "decisions": self._counters.by_decision(),
            "late_spans": self._counters.late_spans(),
            "waiting_traces": stats["traces"],
            "remembered_decisions": stats["remembered"],
            "policies": [
                {"policy": policy.name, "type": policy.type, **self._counters.of_policy(policy.name)}
                for policy in self._policies
            ],
            "records_kept": len(self._records),
            "records": [_shown(record) for record in found],
        }

    def _of_trace(self, trace_id: bytes) -> Shown:
        records = self._records.of_trace(trace_id)
        return {
            "trace_id": trace_id.hex(),
            "late_spans": self._late(trace_id),
            "records": [_shown(record) for record in records]
            or f"none: it still waits, did not come here, or was decided before the last {len(self._records)} traces",
        }

    def _late(self, trace_id: bytes) -> str:
        """What happens to spans that come now."""
        match self._traces.remembered(trace_id):
            case None:
                return "wait for a decision of their own"
            case Verdict.SAMPLED:
                return "handed on at once, as the trace was sampled"
            case _:
                return "dropped, as the trace was not sampled"


def _shown(record: DecisionRecord) -> Shown:
    trace_id = record.trace_id.hex()
    moment = datetime.fromtimestamp(record.time_ns // 10**9, UTC)
    return {
        "trace_id": Link(trace_id, f"?trace_id={trace_id}"),
        "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{record.time_ns % 10**9 // 10**6:03d}Z",
        "decision": record.decision.name.lower(),
        "decided_by": record.decided_by or None,
        "spans": record.spans,
        "bytes": record.size_bytes,
        "duration_ms": record.duration_ns / 1e6,
        "verdicts": {name: verdict.name.lower() for name, verdict in record.verdicts.items()},
    }


def _parsed_id(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(text) != _ID_DIGITS or len(found) != _ID_DIGITS // 2:
        raise ValueError(f"trace_id must be {_ID_DIGITS} hexadecimal digits, as in 5b8efff798038103d269b633813fc60c")
    return found


def _parsed_limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _LIMIT_MOST:
        raise ValueError(f"limit must be from 1 to {_LIMIT_MOST}")
    return int(text)
