"""`prometheus.yml` from a file: no `${…}` but in external labels, as Prometheus has it, and every problem at once."""

import os
import re
from collections.abc import Mapping
from glob import glob
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from ...component import Config, ConfigError, Location, Problem
from ...config import decode_file
from .document import PrometheusConfig
from .job import ScrapeJob

_C = TypeVar("_C", bound=Config)
_VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z0-9_]+)|\{([^}]*)\})")


class _ScrapeConfigFile(Config):
    """A file of `scrape_config_files`."""

    scrape_configs: tuple[ScrapeJob, ...] = ()


def load_config(path: Path, environment: Mapping[str, str] = os.environ) -> PrometheusConfig:
    """Paths inside count from the file's folder. Raises ConfigError."""
    config = decode_file(path, PrometheusConfig)
    jobs = list(config.scrape_configs)
    problems: list[Problem] = []
    for pattern in config.scrape_config_files:
        for name in sorted(glob(str(path.parent / pattern))):  # noqa: PTH207 - the pattern may be absolute
            try:
                jobs += decode_file(Path(name), _ScrapeConfigFile).scrape_configs
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(problems)
    labels = {name: expanded(value, environment) for name, value in config.global_.external_labels.items()}
    whole = msgspec.structs.replace(
        config,
        global_=msgspec.structs.replace(config.global_, external_labels=labels),
        scrape_configs=tuple(_placed(job, path.parent) for job in jobs),
    )
    if wrong := [Problem(text, Location(str(path)), key) for key, text in whole.problems()]:
        raise ConfigError(wrong)
    return whole


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """`$NAME` and `${NAME}` filled in, `$$` for one `$`; what is not set is empty."""
    return _VARIABLE.sub(lambda found: "$" if found[1] else environment.get(found[2] or found[3] or "", ""), text)


def _placed(config: _C, folder: Path) -> _C:
    """Names of files made to count from `folder`, at every depth."""
    changes = {name: _value_placed(name, getattr(config, name), folder) for name in config.__struct_fields__}
    return msgspec.structs.replace(config, **changes)


def _value_placed(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, Config):
        return _placed(value, folder)
    if isinstance(value, tuple):
        return tuple(_value_placed(key, each, folder) for each in cast("tuple[Any, ...]", value))
    names_file = key == "files" or (key.endswith("_file") and key != "scrape_failure_log_file")
    return str(folder / value) if names_file and value else value
