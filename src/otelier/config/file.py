"""A YAML file of its own, without `${…}`, into one struct."""

from pathlib import Path
from typing import TypeVar

from ..component import Config
from ..component.errors import ConfigError, Location, Problem
from .compose import compose, read_text
from .decode import decode
from .document import Document

_C = TypeVar("_C", bound=Config)


def decode_file(path: Path, kind: type[_C]) -> _C:
    """Raises ConfigError with all problems."""
    name = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(f"can't be read: {error.strerror}", Location(name))]) from None
    problems: list[Problem] = []
    root = compose(read_text(data, name), name, problems)
    if problems:
        raise ConfigError(problems)
    return decode(kind, root.plain(), (), Document(root, []))
