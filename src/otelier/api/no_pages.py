"""What a browser is told at `/` of an API that has no pages: what is served there, and where the UI is."""

from collections.abc import Callable

from ..server.endpoint import Response
from ..server.request import HttpError, Request
from ..server.router import Group, Route, plain_error


def group(api: str, ui_url: Callable[[Request], str]) -> Group:
    """404 in plain text. `api`: whose; `ui_url`: the UI's address, for whoever asks."""

    def tell(request: Request) -> Response:
        raise HttpError(404, f"this is Otelier's {api} API, for Grafana and its like; the UI is at {ui_url(request)}")

    return Group([Route("GET", "/", tell)], plain_error)
