"""The web UI as a fixed list of files to serve: nothing outside `dist/manifest.json` has an address.

`find("/trace/…")` answers the file for a path with the headers it must carry, or None. Pages (`/`, `/search`,
`/explore`, `/sql`, `/trace/{id}`) are all the same document; what it needs is under `/static/`, named by its content,
so it may be kept for ever. A tree without Node has no build: then every page says in plain text how to get one, and the
APIs are not touched.
"""

import gzip
import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

_PAGE = re.compile(r"/|/search/?|/explore/?|/sql/?|/trace/[^/]{1,200}")
_NOT_BUILT = (
    "The web UI is not built in this tree. With Node 20 or newer `make ui` builds it; an installed wheel has it.\n"
    "The APIs work without it: try /api/v3/services.\n"
)
HEADERS = MappingProxyType({
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
})  # fmt: skip
"""What every answer with a page or a file of it carries."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: `body` as it is, `gzip` for clients that accept that encoding; `headers` belong to both."""

    body: bytes
    gzip: bytes
    headers: MappingProxyType[str, str] = field(repr=False)


class Site:
    """The built files of one folder, read once, when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_built(self) -> bool:
        """Whether there is a UI to serve."""
        return (self._folder / "manifest.json").is_file()

    def find(self, path: str) -> Asset | None:
        """The file for the path of a URL (decoded, without the query), or None: not the UI's."""
        if _PAGE.fullmatch(path):
            return self.files.get("index.html") or _asset(_NOT_BUILT.encode(), "text/plain; charset=utf-8", "no-store")
        if path == "/favicon.ico":
            mark = next((asset for name, asset in self.files.items() if name.endswith(".svg")), None)
            # This name says nothing about the content, so it may not be kept for ever.
            return mark and replace(mark, headers=MappingProxyType({**mark.headers, "Cache-Control": "no-cache"}))
        name = path.removeprefix("/static/")
        return self.files.get(name) if name != path and name != "index.html" else None

    @cached_property
    def files(self) -> dict[str, Asset]:
        """By name; empty where nothing is built."""
        if not self.is_built():
            return {}
        manifest: dict[str, dict[str, str]] = json.loads((self._folder / "manifest.json").read_text("utf-8"))
        for_ever = "public, max-age=31536000, immutable"
        return {
            name: _asset(
                (self._folder / name).read_bytes(), file["type"], "no-cache" if name == "index.html" else for_ever
            )
            for name, file in manifest.items()
        }


def _asset(body: bytes, content_type: str, cache_control: str) -> Asset:
    headers = {"Content-Type": content_type, "Cache-Control": cache_control, "Vary": "Accept-Encoding", **HEADERS}
    return Asset(body, gzip.compress(body, 9, mtime=0), MappingProxyType(headers))


SITE = Site(Path(__file__).parent / "dist")
"""What this package was built with."""
find = SITE.find
is_built = SITE.is_built
