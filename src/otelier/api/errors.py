"""What goes wrong with a question, as a status of HTTP."""

from collections.abc import Generator
from contextlib import contextmanager

from ..query.errors import Abandoned, BadQuery, Busy, StoreUnreadable, TooLarge
from ..server.request import HttpError

_GONE = 499
"""Nobody reads it; it is for counters."""


@contextmanager
def as_http_errors() -> Generator[None]:
    """Raise HttpError for the errors of `query`."""
    try:
        yield
    except BadQuery as error:
        raise HttpError(400, str(error)) from error
    except TooLarge as error:
        raise HttpError(413, str(error)) from error
    except Busy as error:
        raise HttpError(503, str(error), (("retry-after", str(error.after_s)),)) from error
    except Abandoned as error:
        raise HttpError(_GONE, str(error)) from error
    except StoreUnreadable as error:
        raise HttpError(500, str(error)) from error
