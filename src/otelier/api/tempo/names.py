"""Names of tags as TraceQL has them, such as `resource.service.name` or `span:status`."""

from collections.abc import Mapping

from ...query.kinds import KIND_NAMES, STATUSES
from ...query.traceql import TraceqlError, ast, parse_field
from ...query.traceql.words import INTRINSICS
from ...server.request import HttpError
from ..literals import quoted

_SCOPES: Mapping[str, ast.AttributeScope] = {
    "resource.": "resource",
    "span.": "span",
    "event.": "event",
    "link.": "link",
    "instrumentation.": "instrumentation",
    ".": "any",
}
_WORDS: Mapping[ast.IntrinsicName, tuple[str, ...]] = {
    "kind": tuple(sorted(name or "unspecified" for name in KIND_NAMES)),
    "status": tuple(sorted(STATUSES)),
    # Nearly every span has another value, so that a list helps nobody.
    "duration": (),
    "traceDuration": (),
    "event:timeSinceStart": (),
    "span:id": (),
    "span:parentID": (),
    "span:childCount": (),
    "trace:id": (),
    "link:traceID": (),
    "link:spanID": (),
    "nestedSetLeft": (),
    "nestedSetRight": (),
    "nestedSetParent": (),
    "parent": (),
}
_UNTOLD = ("nestedSetLeft", "nestedSetRight", "nestedSetParent", "parent")
LISTED = tuple(sorted(name for name in INTRINSICS if name not in _UNTOLD))
"""What every span has, its trace, its events, links and scope: all names that are offered."""


def field(name: str) -> ast.Field:
    """What a name means; an attribute need not be quoted as in a query. Raises HttpError."""
    try:
        return parse_field(name)
    except TraceqlError:
        for prefix, scope in _SCOPES.items():
            if name.startswith(prefix) and name != prefix:
                return ast.Attribute(scope, name.removeprefix(prefix))
    raise HttpError(
        400,
        f"{quoted(name)} is no name of a tag: write its scope too, such as resource.service.name, "
        f"or one of {', '.join(LISTED)}",
    )


def words(of: ast.Field) -> tuple[str, ...] | None:
    """All values that there can be, where these are few, and none where a list is no help; None: the store knows."""
    return _WORDS.get(of.name) if isinstance(of, ast.Intrinsic) else None
