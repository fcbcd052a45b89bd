"""Pages of other sites may not change anything here, though their browsers reach us."""

from urllib.parse import urlsplit

from ..server.request import HttpError, Request


def check_origin(request: Request) -> None:
    """Raises HttpError if a page of another origin has sent it."""
    origin = request.headers.get("origin", "")
    if origin and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise HttpError(403, f"pages of {origin} may not change anything here")
