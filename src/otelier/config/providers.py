"""Where configuration text comes from: `file:`, `env:`, `yaml:`, `http:` and `https:`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .compose import BYTES_MAX

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(.*)\Z", re.DOTALL)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_HTTP_TIMEOUT_S = 10.0


class ProviderError(Exception):
    """What is wrong and what to do about it, for one reference."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Reference:
    """`scheme:rest`, as in `--config` and in `${…}`."""

    scheme: str
    rest: str

    @classmethod
    def parse(cls, text: str, default_scheme: str) -> "Reference":
        """A text without a scheme, and `NAME:-default`, belong to the default one."""
        found = _SCHEME.match(text)
        if not found or (default_scheme == "env" and found[2].startswith("-")):
            return cls(default_scheme, text)
        return cls(found[1], found[2])


class Providers:
    """Retrieves text by reference, at most `BYTES_MAX` bytes of it."""

    def __init__(self, env: Mapping[str, str], warn: Callable[[str], None]) -> None:
        self._env = env
        self._warn = warn
        """Called with what a person should know though it is no error."""

    def retrieve(self, reference: Reference, *, special_files: bool = False) -> bytes:
        """Raises ProviderError. Pipes and devices are read only if `special_files`."""
        match reference.scheme:
            case "env":
                return self._variable(reference.rest).encode("utf-8", "surrogateescape")
            case "yaml":
                return reference.rest.encode()
            case "file":
                return self._file(reference.rest, special_files)
            case "http" | "https":
                return self._http(f"{reference.scheme}:{reference.rest}")
            case unknown:
                raise ProviderError(
                    f"`{unknown}:` is no known provider",
                    "there are env, file, yaml, http and https; `$$` is a literal `$`",
                )

    def _variable(self, rest: str) -> str:
        name, has_default, default = rest.partition(":-")
        if not _ENV_NAME.match(name):
            raise ProviderError(
                f"`{name}` is no name of an environment variable",
                "letters, digits and _ make a name; write `$$` for a literal `$`",
            )
        if name in self._env:
            return self._env[name]
        if not has_default:
            self._warn(f"environment variable {name} is not set; using an empty string")
        return default

    def _file(self, name: str, special_files: bool) -> bytes:
        path = Path(name)
        try:
            if not special_files and path.exists() and not path.is_file():
                raise ProviderError(f"`{name}` is not a file")
            with path.open("rb") as file:
                return _bounded(file, name)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ProviderError(f"can't read `{name}`: {reason}") from None

    def _http(self, uri: str) -> bytes:
        # Imported here because it brings TLS along, and hardly anybody uses it.
        import urllib.request

        try:
            with urllib.request.urlopen(uri, timeout=_HTTP_TIMEOUT_S) as answer:  # noqa: S310 - http and https only
                return _bounded(answer, uri)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise ProviderError(f"can't read `{uri}`: {reason}") from None


def _bounded(file: Any, name: str) -> bytes:
    parts: list[bytes] = []
    left = BYTES_MAX + 1
    while left > 0 and (part := file.read(left)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise ProviderError(f"`{name}` is larger than {BYTES_MAX >> 20} MiB")
    return b"".join(parts)
