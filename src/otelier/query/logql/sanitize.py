"""Names of labels that parsers make of keys in lines."""

import re
from functools import lru_cache

_OTHER = re.compile(r"[^A-Za-z0-9_]")


@lru_cache(maxsize=10_000)
def label_of(key: str, *, inside: bool = False) -> str:
    """Other characters are `_`; a digit at the beginning gets one in front. `inside`: it stands behind another key."""
    name = _OTHER.sub("_", key.strip())
    return f"_{name}" if name[:1].isdigit() and not inside else name
