"""All objects of one kind, as they are now: listed, and then watched on a thread.

The protocol is Kubernetes' "efficient detection of changes": list, watch from the list's resourceVersion, follow
bookmarks, list again on 410 Gone, connect again after a break.
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec

from ..component import Context
from .access import Answer, ApiError, KubernetesApi

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_WATCH_S = 300
"""Asked of the API for each watch; then a new one begins where it ended."""
_SILENCE_S = 30.0
"""How much later than that a watch must have ended."""
_STOP_WAIT_S = 0.5
"""What is interrupted ends at once; an API that doesn't answer must not use up the time of the stop."""
_GONE = 410


class Owner(msgspec.Struct):
    """Who made an object."""

    kind: str = ""
    name: str = ""
    controller: bool = False


class Metadata(msgspec.Struct, rename="camel"):
    """What is said of every object."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class Object(msgspec.Struct, rename="camel"):
    """One of a list; a kind has more."""

    metadata: Metadata


T = TypeVar("T", bound=Object)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[T]):
    """Which objects."""

    type: type[T]
    """What is read of each."""
    path: str
    """Of the list."""
    label: str = ""
    """Selector, as Kubernetes writes it."""
    field: str = ""
    """Selector, as Kubernetes writes it."""

    def query(self) -> dict[str, str]:
        """For list and watch."""
        both = {"labelSelector": self.label, "fieldSelector": self.field}
        return {key: text for key, text in both.items() if text}


class _GoneError(Exception):
    """The version to watch from is too old: list again."""


class _Version(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Reached(msgspec.Struct):
    metadata: _Version


class _List(msgspec.Struct):
    metadata: _Version
    items: list[msgspec.Raw] | None = None


class _Failure(msgspec.Struct):
    code: int = 0
    message: str = "the watch failed"


class _Event(msgspec.Struct):
    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: msgspec.Raw


class Watch(Generic[T]):
    """Made → `start` → `stop`."""

    def __init__(
        self,
        ctx: Context,
        api: KubernetesApi,
        wanted: Wanted[T],
        changed: Callable[[Mapping[str, T]], None],
        failed: Callable[[str], None],
        *,
        timeout_s: float,
    ) -> None:
        """On a thread: `changed` is told of all there are, by namespace/name, after each change, and must not keep the
        mapping; `failed` why they can't be asked for, each time; `timeout_s` is that of a list."""
        self.first = threading.Event()
        """Set after the first list, or when it failed."""
        self._ctx = ctx
        self._api = api
        self._wanted = wanted
        self._changed = changed
        self._failed = failed
        self._timeout_s = timeout_s
        self._found: dict[str, T] = {}
        self._stopping = threading.Event()
        self._answer: Answer | None = None
        name = f"otelier:{ctx.id}:{wanted.path.rpartition('/')[2]}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """List and watch until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Waits a moment for the thread."""
        self._stopping.set()
        if answer := self._answer:
            answer.interrupt()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT_S)

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        version, pause_s = "", _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                version = version or self._list()
                version = self._watch(version)
                pause_s = _FIRST_PAUSE_S
            except _GoneError:
                version = ""
            except Exception as error:
                if self._stopping.is_set():
                    return
                if not isinstance(error, OSError | msgspec.MsgspecError):
                    self._ctx.log.exception("the watch of %s has a defect, and tries again", self._wanted.path)
                self.first.set()
                self._failed(str(error))
                # What happened meanwhile may be missed by a version that was never reached: begin anew.
                version = ""
                self._ctx.clock.wait(self._stopping, pause_s * random.uniform(0.5, 1.5))  # noqa: S311
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _list(self) -> str:
        """Answers the version of the list."""
        answer = self._get({}, self._timeout_s)
        try:
            found = msgspec.json.decode(b"".join(answer.lines()), type=_List)
        finally:
            answer.close()
        self._found = dict(map(self._read, found.items or []))
        self._changed(self._found)
        self.first.set()
        return found.metadata.resource_version

    def _watch(self, version: str) -> str:
        """Follow changes until the API ends the watch; answers the version reached."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_S),
        }
        answer = self._get(query, _WATCH_S + _SILENCE_S)
        try:
            for line in answer.lines():
                version = self._follow(msgspec.json.decode(line, type=_Event)) or version
        finally:
            answer.close()
        return version

    def _follow(self, event: _Event) -> str:
        """Answers the version that the event leads to."""
        if event.type == "ERROR":
            failure = msgspec.json.decode(event.object, type=_Failure)
            if failure.code == _GONE:
                raise _GoneError
            raise ApiError(failure.code, failure.message, self._wanted.path.rpartition("/")[2])
        if event.type != "BOOKMARK":
            key, item = self._read(event.object)
            if event.type == "DELETED":
                self._found.pop(key, None)
            else:
                self._found[key] = item
            self._changed(self._found)
        return msgspec.json.decode(event.object, type=_Reached).metadata.resource_version

    def _read(self, raw: msgspec.Raw) -> tuple[str, T]:
        item = msgspec.json.decode(raw, type=self._wanted.type)
        return f"{item.metadata.namespace}/{item.metadata.name}", item

    def _get(self, query: dict[str, str], timeout_s: float) -> Answer:
        try:
            self._answer = self._api.get(self._wanted.path, self._wanted.query() | query, timeout_s)
        except ApiError as error:
            if error.status == _GONE:
                raise _GoneError from error
            raise
        if self._stopping.is_set():
            self._answer.interrupt()
        return self._answer
