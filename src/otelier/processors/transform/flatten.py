"""Logs with a resource and scope for each record, and grouped again."""

import sys

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs

from ...telemetry import Batch


def flattened(batch: Batch) -> Batch:
    """Each record under a resource and scope of its own."""
    request = ExportLogsServiceRequest.FromString(batch.to_otlp())
    flat = ExportLogsServiceRequest()
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                alone = flat.resource_logs.add(resource=resource.resource, schema_url=resource.schema_url)
                under = alone.scope_logs.add(scope=scope.scope, schema_url=scope.schema_url)
                under.log_records.append(record)
    return _batch(flat, batch)


def grouped(batch: Batch) -> Batch:
    """Records whose resources and scopes are equal under one of them, in order of first appearance."""
    request = ExportLogsServiceRequest.FromString(batch.to_otlp())
    together = ExportLogsServiceRequest()
    resources: dict[bytes, ResourceLogs] = {}
    scopes: dict[tuple[bytes, bytes], ScopeLogs] = {}
    for resource in request.resource_logs:
        owner = ResourceLogs(resource=resource.resource, schema_url=resource.schema_url)
        key = owner.SerializeToString(deterministic=True)
        for scope in resource.scope_logs:
            head = ScopeLogs(scope=scope.scope, schema_url=scope.schema_url)
            inner = key, head.SerializeToString(deterministic=True)
            if inner not in scopes:
                if key not in resources:
                    together.resource_logs.append(owner)
                    resources[key] = together.resource_logs[-1]
                resources[key].scope_logs.append(head)
                scopes[inner] = resources[key].scope_logs[-1]
            scopes[inner].log_records.extend(scope.log_records)
    return _batch(together, batch)


def _batch(request: ExportLogsServiceRequest, like: Batch) -> Batch:
    return Batch.from_otlp("logs", request.SerializeToString(), sys.maxsize).with_metadata(like.metadata)
