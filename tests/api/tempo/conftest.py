"""Tempo's API of a store in a folder of its own, asked over HTTP and gRPC as Tempo's clients ask."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import grpc
import pytest

from otelier.testing.tempo import TEMPO_MESSAGES

ANSWERS = {
    "Search": ("SearchRequest", "SearchResponse"),
    "SearchTags": ("SearchTagsRequest", "SearchTagsResponse"),
    "SearchTagsV2": ("SearchTagsRequest", "SearchTagsV2Response"),
    "SearchTagValues": ("SearchTagValuesRequest", "SearchTagValuesResponse"),
    "SearchTagValuesV2": ("SearchTagValuesRequest", "SearchTagValuesV2Response"),
    "MetricsQueryRange": ("QueryRangeRequest", "QueryRangeResponse"),
    "MetricsQueryInstant": ("QueryInstantRequest", "QueryInstantResponse"),
}


class Tempo:
    """A client, and the store behind."""

    def __init__(self, backend) -> None:
        self.store = backend.store
        self._ask_at = backend.ask_at
        self.address = backend.application.tempo_address
        self._channel = grpc.insecure_channel(f"{self.address[0]}:{self.address[1]}")

    def get(self, path: str, parameters: dict[str, Any] | None = None, **headers: str):
        return self._ask_at(self.address, f"{path}?{urlencode(parameters)}" if parameters else path, **headers)

    def read(self, message: str, path: str, parameters: dict[str, Any] | None = None, **headers: str):
        """The answer in protobuf."""
        answer = self.get(path, parameters, Accept="application/protobuf", **headers)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/protobuf"), answer.body
        return TEMPO_MESSAGES[message].FromString(answer.body)

    def stream(self, method: str, tenant: str = "", compression=None, **fields: Any) -> list[Any]:
        """All messages that answer a call. Raises grpc.RpcError."""
        request, answer = (TEMPO_MESSAGES[name] for name in ANSWERS[method])
        call = self._channel.unary_stream(
            f"/tempopb.StreamingQuerier/{method}", request.SerializeToString, answer.FromString
        )
        metadata = [("x-scope-orgid", tenant)] if tenant else []
        return list(call(request(**fields), timeout=30, metadata=metadata, compression=compression))

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def tempo(backend) -> Iterator[Tempo]:
    tempo = Tempo(backend)
    yield tempo
    tempo.close()
