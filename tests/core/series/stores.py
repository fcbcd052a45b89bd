"""A store of series on a simulated disk, and beside it the same as plain dictionaries."""

import json
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from otelier._core import (
    Disk,
    Samples,
    SeriesLog,
    SeriesView,
    flush_series,
    merge_series,
    verify_series,
)

TENANT = "default"
FOREVER = (-(2**62), 2**62)
WINDOW_MS = 7_200_000
Labels: TypeAlias = tuple[tuple[str, str], ...]
SeriesMatcher: TypeAlias = tuple[str, Literal["=", "!=", "=~", "!~"], str]
Sample: TypeAlias = int | bytes
"""Bits of a float, or a histogram's message."""


@dataclass
class Model:
    """What the store must answer."""

    samples: dict[Labels, dict[int, Sample]] = field(default_factory=dict[Labels, dict[int, Sample]])
    exemplars: dict[Labels, set[tuple[int, int, Labels]]] = field(
        default_factory=dict[Labels, set[tuple[int, int, Labels]]]
    )

    def append(self, samples: Samples) -> None:
        for labels, _, (floats, histograms, exemplars) in samples.contents():
            own = self.samples.setdefault(tuple(labels), {})
            own.update((ms, _bits(value)) for ms, value in floats)
            own.update(histograms)
            known = self.exemplars.setdefault(tuple(labels), set())
            known.update((ms, _bits(value), tuple(of)) for ms, value, of in exemplars)

    def delete(self, matchers: Sequence[SeriesMatcher], start_ms: int, end_ms: int) -> None:
        for labels, own in self.samples.items():
            if fits(labels, matchers):
                self.samples[labels] = {ms: each for ms, each in own.items() if not start_ms <= ms <= end_ms}
                self.exemplars[labels] = {each for each in self.exemplars[labels] if not start_ms <= each[0] <= end_ms}

    def select(
        self, matchers: Sequence[SeriesMatcher], start_ms: int, end_ms: int
    ) -> dict[Labels, dict[int, Sample]]:
        found: dict[Labels, dict[int, Sample]] = {}
        for labels, own in self.samples.items():
            inside = {ms: each for ms, each in own.items() if start_ms < ms <= end_ms}
            if inside and fits(labels, matchers):
                found[labels] = inside
        return found


def fits(labels: Labels, matchers: Sequence[SeriesMatcher]) -> bool:
    values = dict(labels)

    def holds(matcher: SeriesMatcher) -> bool:
        name, operator, wanted = matcher
        value = values.get(name, "")
        match operator:
            case "=" | "!=":
                return (value == wanted) == (operator == "=")
            case "=~" | "!~":
                return (re.fullmatch(wanted, value) is not None) == (operator == "=~")

    return all(holds(matcher) for matcher in matchers)


class Store:
    """Log, segments and a view of them, with a model beside."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk.simulated()
        self.log = SeriesLog(self.disk, "log")
        self.view = SeriesView(self.disk, "log")
        self.model = Model()
        self.segments: list[dict[str, object]] = []
        self.retired = 0
        self._now_ns = 0

    def append(self, samples: Samples) -> None:
        appended = self.log.append(TENANT, samples, 0, *FOREVER)
        assert appended.rejected == []
        self.model.append(samples)

    def flush(self) -> None:
        self.retired = self.log.rotate()
        numbers = [number for number, _ in self.log.generations()]
        self._now_ns += 1
        flushed = flush_series(self.disk, self.log, numbers, "segments", self._now_ns)
        assert (flushed.damaged_bytes, flushed.torn_bytes) == (0, 0)
        self.segments += [json.loads(each) for each in flushed.segments]
        self.log.retire(self.retired)

    def merge(self) -> None:
        """All segments of the same two hours."""
        for window in sorted({self._window(each) for each in self.segments}):
            self._rewrite([each for each in self.segments if self._window(each) == window], b"")

    def delete(self, matchers: Sequence[SeriesMatcher], start_ms: int, end_ms: int) -> None:
        self.flush()
        tombstone = json.dumps([{"matchers": matchers, "start_ms": start_ms, "end_ms": end_ms}]).encode()
        for segment in list(self.segments):
            self._rewrite([segment], tombstone)
        self.model.delete(matchers, start_ms, end_ms)

    def _rewrite(self, old: list[dict[str, object]], deleted: bytes) -> None:
        self._now_ns += 1
        new = merge_series(self.disk, [str(each["path"]) for each in old], "segments", deleted, self._now_ns)
        place = self.segments.index(old[0])
        self.segments = [each for each in self.segments if each not in old]
        self.segments[place:place] = [json.loads(each) for each in new]

    @staticmethod
    def _window(segment: dict[str, object]) -> int:
        return int(str(segment["min_ms"])) // WINDOW_MS

    def refresh(self) -> None:
        listed = [(str(each["path"]), int(str(each["min_ms"])), int(str(each["max_ms"])), TENANT) for each in self.segments]
        self.view.refresh(listed, self.retired)

    def verify(self) -> list[str]:
        return [fault for each in self.segments for fault in verify_series(self.disk, str(each["path"]))]

    def select(
        self, matchers: Sequence[SeriesMatcher], start_ms: int, end_ms: int, names: Iterable[str] = ()
    ) -> dict[Labels, dict[int, Sample]]:
        """As the model has it."""
        found: dict[Labels, dict[int, Sample]] = {}
        seen: set[bytes] = set()
        for labels, times, values, histograms in self.view.select(
            TENANT, matchers, start_ms, end_ms, list(names), 2**62
        ):
            ms = np.frombuffer(times, np.int64)
            bits = np.frombuffer(values, np.uint64).reshape(len(ms), len(labels))
            # Equal timestamps are one group.
            kind = times + bytes([histograms is not None])
            assert kind not in seen and (np.diff(ms) > 0).all()
            seen.add(kind)
            for column, each in enumerate(labels):
                assert each not in found
                found[each] = {}
                for row, time in enumerate(ms):
                    native = None if histograms is None else histograms[row * len(labels) + column]
                    found[each][int(time)] = int(bits[row, column]) if native is None else native
        return found


def arrays(rows: Sequence[tuple[Labels, int, int]]) -> Samples:
    """(labels, ms, bits of the value)."""
    times = np.array([ms for _, ms, _ in rows], np.int64)
    bits = np.array([each for _, _, each in rows], np.uint64)
    return Samples.of_arrays([labels for labels, _, _ in rows], times.tobytes(), bits.tobytes())


def _bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]
