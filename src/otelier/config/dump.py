"""A configuration as text, without its secrets: `print-config`."""

import json
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

import msgspec
import yaml

from ..component.config import Duration, Secret
from ..component.id import ComponentID
from ..component.prometheus_values import ByteSize, PrometheusDuration
from .scalars import resolve
from .secrets import SHOWN, looks_secret, without_password


def dump(tree: Any, *, as_json: bool = False, unredacted: bool = False) -> str:
    """YAML (or JSON) of plain values, of configuration structs, or of a mix of both.

    Values of type Secret, values under keys that look secret, and passwords in URLs are shown as `***`; `unredacted`
    shows them. The YAML is a configuration again: text that would be read as something else is quoted, `$` is doubled
    where it would begin a reference.
    """
    plain = _plain(tree, unredacted=unredacted, hidden=False)
    if as_json:
        return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
    return yaml.dump(_escaped(plain), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1 << 20)


def _plain(value: Any, *, unredacted: bool, hidden: bool) -> Any:
    """Structs to dicts by the names of their keys; what is not set (None, UNSET) is left out of them."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        value = {field.encode_name: getattr(value, field.name) for field in fields}
        value = {key: entry for key, entry in value.items() if entry is not None and entry is not msgspec.UNSET}
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value)
        return {
            str(key): _plain(entry, unredacted=unredacted, hidden=hidden or looks_secret(str(key)))
            for key, entry in entries.items()
        }
    if isinstance(value, ComponentID | Duration | PrometheusDuration | ByteSize):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry, unredacted=unredacted, hidden=hidden) for entry in cast("list[Any]", value)]
    return _scalar(value, unredacted=unredacted, hidden=hidden)


def _scalar(value: Any, *, unredacted: bool, hidden: bool) -> Any:
    if isinstance(value, Secret):
        return value.reveal() if unredacted or not value else SHOWN
    if isinstance(value, str) and not unredacted:
        return SHOWN if hidden and value else without_password(value)
    hide = hidden and not unredacted and isinstance(value, int | float) and not isinstance(value, bool)
    return SHOWN if hide else value


def _escaped(plain: Any) -> Any:
    """Values, but not keys, with `$` doubled where one would begin a reference."""
    if isinstance(plain, dict):
        return {key: _escaped(entry) for key, entry in cast("dict[str, Any]", plain).items()}
    if isinstance(plain, list):
        return [_escaped(entry) for entry in cast("list[Any]", plain)]
    if isinstance(plain, str) and re.search(r"\$[${]", plain):
        return plain.replace("$", "$$")
    return plain


class _Dumper(yaml.SafeDumper):
    """As PyYAML, but for readers that take scalars as Go does; without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, data: str) -> yaml.ScalarNode:
        lines = "\n" in data and data.strip() == data.rstrip("\n")
        style = "|" if lines else "'" if not isinstance(resolve(data), str) else None
        return yaml.ScalarNode("tag:yaml.org,2002:str", data, style=style)

    def nothing(self, _data: None) -> yaml.ScalarNode:
        return yaml.ScalarNode("tag:yaml.org,2002:null", "null")


_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_representer(type(None), _Dumper.nothing)
