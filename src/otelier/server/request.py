"""An HTTP request as a route sees it: path parameters, query parameters, headers, body."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from urllib.parse import parse_qsl, unquote

from .._core import HttpRequest

_MAX_PARAMETERS = 1000


class HttpError(Exception):
    """Ends a request with this status; the group of the route decides how the text is wrapped."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


class Query(Mapping[str, tuple[str, ...]]):
    """Query parameters: names in any order, each with one or more values in the order sent."""

    def __init__(self, text: str) -> None:
        """The part of the URL after `?`, still encoded. Raises HttpError."""
        values: dict[str, list[str]] = {}
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
        except ValueError as error:
            raise HttpError(400, f"more than {_MAX_PARAMETERS} query parameters") from error
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        self._values = {name: tuple(all_) for name, all_ in values.items()}

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def first(self, *names: str) -> str:
        """The first value of the first of these names that is there and not empty; else empty."""
        for name in names:
            for value in self._values.get(name, ()):
                if value:
                    return value
        return ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value; none if the parameter is not there."""
        return self._values.get(name, ())


class Request:
    """What a handler is given. The query is read when first asked for."""

    def __init__(self, raw: HttpRequest, parameters: Mapping[str, str]) -> None:
        """`parameters`: what stands at the pattern's `{names}`, decoded."""
        self._raw = raw
        self.parameters = parameters

    @property
    def method(self) -> str:
        """In capitals."""
        return self._raw.method

    @property
    def path(self) -> str:
        """Decoded."""
        return unquote(self._raw.path)

    @property
    def raw_path(self) -> str:
        """Still encoded."""
        return self._raw.path

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """By name in lower case."""
        return self._raw.headers

    @property
    def body(self) -> bytes:
        """Decompressed and bounded. A copy."""
        return self._raw.body

    @property
    def native(self) -> HttpRequest:
        """For the core, which needs no copy."""
        return self._raw

    @property
    def target(self) -> str:
        """Path and query as they came."""
        return self.raw_path + (f"?{self.raw_query}" if self.raw_query else "")

    @property
    def raw_query(self) -> str:
        """The part of the URL after `?`, still encoded."""
        return self._raw.query

    @cached_property
    def query(self) -> Query:
        """Raises HttpError."""
        return Query(self._raw.query)

    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._raw.abandoned

    def wants(self, name: str) -> bool:
        """Whether a query parameter says yes: it is there, and not `false` or `0`; no, if the query can't be read."""
        try:
            return self.query.first(name).lower() not in ("", "0", "f", "false")
        except HttpError:
            return False
