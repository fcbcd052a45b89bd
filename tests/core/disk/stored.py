"""What lies in a log's directory, by the numbers that the tests gave to spans."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelier._core import Batch, Disk, read_generation
from otelier.testing import decode, items


def numbered(number: int, count: int = 1) -> Batch:
    """Spans `number`, `number` + 1 and so on."""
    return items("traces", count, first=number)


def numbers(batch: Batch) -> list[int]:
    request = decode(batch)
    assert isinstance(request, ExportTraceServiceRequest)
    scopes = [scope for resource in request.resource_spans for scope in resource.scope_spans]
    return [int(span.name.removeprefix("span ")) for scope in scopes for span in scope.spans]


def stored(disk: Disk, directory: str = "log") -> list[int]:
    """All numbers, generation by generation; nothing may be damaged."""
    found: list[int] = []
    for name in disk.list(directory):
        records, damaged, _ = read_generation(disk, f"{directory}/{name}")
        assert damaged == 0
        found += [number for record in records for number in numbers(record[2])]
    return found
