"""Rules that are evaluated unless that is switched off: RED of every service, and the state of collectors."""

from collections.abc import Mapping
from pathlib import Path

from ..definitions import Defaults, RuleGroup
from ..files import read_rules

_HERE = Path(__file__).parent
_NAMES: Mapping[str, str] = {"services.yml": "otelier/services.yml", "collectors.yml": "otelier/collectors.yml"}


def shipped_rules(defaults: Defaults) -> list[RuleGroup]:
    """The groups of all of them, under names of files that are nobody's."""
    return [group for file, name in _NAMES.items() for group in read_rules((_HERE / file).read_bytes(), name, defaults)]
