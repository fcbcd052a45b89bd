"""A body that is no silence is refused with a reason, whatever it is, and leaves no trace."""

from pathlib import Path
from typing import Any, cast

import pytest

from otelier.api.silences import SilenceRoutes
from otelier.rules.notify.silences import Silences
from otelier.server.request import HttpError, Request
from otelier.testing import FakeClock


class Raw:
    """What a request carries."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.headers: dict[str, str] = {}


SILENCE = (
    '{"matchers": [{"name": "a", "value": "b"}], "startsAt": "2026-11-26T10:00:00Z", '
    '"endsAt": "2126-11-26T10:00:00Z", "comment": "COMMENT"}'
)


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "{", "[" * 100_000, '{"a":' * 50_000, SILENCE.replace("COMMENT", "\\ud800")]
)
def test_a_body_that_is_no_silence(tmp_path: Path, body: str) -> None:
    silences = Silences(tmp_path / "silences.json", FakeClock())
    routes = SilenceRoutes(silences)
    with pytest.raises(HttpError) as refused:
        routes.put(Request(cast("Any", Raw(body.encode())), {}))
    assert refused.value.status == 400
    assert refused.value.message
    assert routes.put(Request(cast("Any", Raw(SILENCE.encode())), {})).status == 200
    assert len(silences.shown()) == 1
