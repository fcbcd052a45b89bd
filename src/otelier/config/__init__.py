"""From files to configuration structs, with the place of every key: load, decode, tell what is wrong, dump."""

from ..component.errors import ConfigError, Location, Problem
from ..component.nearest import did_you_mean
from .decode import decode
from .document import Document
from .dump import dump
from .file import decode_file
from .load import load
from .nodes import Path
from .remarks import remarks_of

__all__ = [
    "ConfigError",
    "Document",
    "Location",
    "Path",
    "Problem",
    "decode",
    "decode_file",
    "did_you_mean",
    "dump",
    "load",
    "remarks_of",
]
