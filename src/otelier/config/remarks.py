"""What the structs of a sound configuration have to say, with the place in the file."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from ..component.config import Config
from ..component.errors import Problem
from .document import Document
from .nodes import Path, shown, steps


def remarks_of(config: Config, path: Path, document: Document) -> Iterator[Problem]:
    """Those of a struct that stands at `path`, then those of the structs in it."""
    for below, what, advice in config.remarks():
        where = (*path, *steps(below))
        yield document.problem(where, f"`{shown(where)}`: {what}", advice)
    for field in msgspec.structs.fields(config):
        yield from _below(getattr(config, field.name), (*path, field.encode_name), document)


def _below(value: Any, path: Path, document: Document) -> Iterator[Problem]:
    if isinstance(value, Config):
        yield from remarks_of(value, path, document)
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[Any, Any]", value).items():
            yield from _below(item, (*path, str(key)), document)
    elif isinstance(value, list | tuple):
        for at, item in enumerate(cast("list[Any]", value)):
            yield from _below(item, (*path, at), document)
