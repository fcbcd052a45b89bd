"""Answers in Prometheus' envelope."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from ..._core import Body
from ...query.errors import BadQuery, Busy, StoreUnreadable, TooLarge
from ...query.metrics_reader import Found
from ...query.promql import ExecutionError, QueryTimeout
from ...server.endpoint import Headers, Response
from ...server.request import HttpError, Request

_JSON = (("content-type", "application/json"),)
_STATUS = {"bad_data": 400, "execution": 422, "timeout": 503, "internal": 500}
_KINDS = {400: "bad_data", 404: "not_found", 422: "execution", 503: "timeout"}
_SHOWN = 10
"""Most warnings, and most infos, that an answer tells."""
TRUNCATED = "results truncated due to limit"


class ApiError(HttpError):
    """An error of one of Prometheus' types, which decides the status."""

    def __init__(self, kind: str, message: str, headers: Headers = ()) -> None:
        super().__init__(_STATUS[kind], message, headers)
        self.kind = kind


def warnings_of(found: Found[Any]) -> list[str]:
    """What an answer made of it has to say."""
    return [*found.warnings, *([TRUNCATED] if found.truncated else [])]


def bad_parameter(name: str, problem: object) -> ApiError:
    """What is wrong with one parameter."""
    return ApiError("bad_data", f'invalid parameter "{name}": {problem}')


def write_error(error: HttpError, _request: Request) -> Response:
    """`{"status":"error","errorType":…,"error":…}`."""
    kind = error.kind if isinstance(error, ApiError) else _KINDS.get(error.status, "internal")
    body = msgspec.json.encode({"status": "error", "errorType": kind, "error": error.message})
    return Response(error.status, (*_JSON, *error.headers), body)


def success(data: object, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> Response:
    """`{"status":"success","data":…}`."""
    before, behind = around(warnings, infos)
    return answered(before + msgspec.json.encode(data) + behind)


def around(warnings: Sequence[str], infos: Sequence[str]) -> tuple[bytes, bytes]:
    """What stands before the data and behind."""
    parts = list[bytes]()
    for name, texts in (("warning", warnings), ("info", infos)):
        if texts:
            parts += [b',"', name.encode(), b's":', msgspec.json.encode(_first(list(dict.fromkeys(texts)), name))]
    return b'{"status":"success","data":', b"".join([*parts, b"}"])


def answered(body: bytes | Body) -> Response:
    """With an envelope that is written already."""
    return Response(200, _JSON, body)


def nothing() -> Response:
    """204."""
    return Response(204)


@contextmanager
def as_api_errors() -> Generator[None]:
    """Raise ApiError for the errors of `query`."""
    try:
        yield
    except ExecutionError as error:
        raise ApiError("execution", str(error)) from error
    except BadQuery as error:
        raise ApiError("bad_data", str(error)) from error
    except TooLarge as error:
        raise ApiError("execution", str(error)) from error
    except QueryTimeout as error:
        raise ApiError("timeout", str(error)) from error
    except Busy as error:
        raise ApiError("timeout", str(error), (("retry-after", str(error.after_s)),)) from error
    except StoreUnreadable as error:
        raise ApiError("internal", str(error)) from error


def _first(texts: list[str], name: str) -> list[str]:
    left = len(texts) - _SHOWN
    return [*texts[:_SHOWN], f"{left} more {name} annotations omitted"] if left > 0 else texts
