"""What the core works out is what the engine makes of the samples, whatever they are and wherever they lie."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import Samples, SeriesView
from otelier.query.gate import Gate
from otelier.query.metrics import Metrics, StoredSeries
from otelier.query.promql import Engine, ExecutionError, Options
from otelier.query.promql.arrays import STALE
from otelier.query.promql.ast import Matcher
from otelier.query.promql.engine import Answer
from otelier.query.promql.storage import Asked, Group, Worth

from ..core.series.stores import Store

T = TypeVar("T")
STEP_MS = 15_000
COUNT = 40
START_MS = 1_700_000_000_000
FUNCTIONS = (
    *("rate", "increase", "delta", "irate", "idelta"),
    *(f"{each}_over_time" for each in ("avg", "sum", "min", "max", "count", "first", "last")),
)
OPERATORS = ("sum", "avg", "min", "max", "count", "group")
SELECTORS = ("x", 'x{a="1"}', '{__name__=~"x|y"}', 'y{b!="0"}')
SERIES = [(("__name__", name), ("a", a), ("b", b)) for name in "xy" for a in "12" for b in "01"]
ODD = st.one_of(
    st.floats(-1e300, 1e300), st.sampled_from([STALE, math.nan, math.inf, -math.inf, -0.0, 1e308, 1e-300, 5.0])
)


class OnlySamples:
    """A storage that works nothing out."""

    def __init__(self, source: StoredSeries) -> None:
        self._source = source

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Group]:
        return self._source.select(matchers, start_ms, end_ms)


class Telling(StoredSeries):
    """Tells what was worked out."""

    asked = 0
    known = 0

    def worth(self, asked: Asked) -> Worth | None:
        found = super().worth(asked)
        self.asked += 1
        self.known += found is not None
        return found


class OfView(Metrics):
    """Asks a view that is up to date."""

    def __init__(self, view: SeriesView) -> None:
        super().__init__(Path("nowhere"), Gate(1, 1))
        self._view = view

    def ask(self, question: Callable[[SeriesView], T], empty: T) -> T:
        return question(self._view)


@st.composite
def stores(draw: st.DrawFn) -> Store:
    """Samples of a few series in up to three segments and the log, with gaps and resets."""
    store = Store()
    values = [
        draw(st.sampled_from([st.integers(0, 30), st.integers(-500, 9_999).map(lambda each: each / 100), ODD]))
        for _ in SERIES
    ]
    parts = draw(st.integers(1, 3))
    for part in range(parts):
        for labels, own in zip(SERIES, values, strict=True):
            scrapes = sorted(draw(st.sets(st.integers(part * COUNT // parts, (part + 1) * COUNT // parts), max_size=9)))
            shift = draw(st.sampled_from([0, 0, 0, 7, 4_000]))
            times = [START_MS + STEP_MS * at + shift for at in scrapes]
            floats = np.array([draw(own) for _ in scrapes], np.float64)
            store.log.append(
                "default",
                Samples.of_arrays([labels] * len(times), np.array(times, np.int64).tobytes(), floats.tobytes()),
                START_MS,
                0,
                2**50,
            )
        if part + 1 < parts or draw(st.booleans()):
            store.flush()
    store.refresh()
    return store


@st.composite
def queries(draw: st.DrawFn) -> str:
    selector = draw(st.sampled_from(SELECTORS))
    moved = draw(st.sampled_from(["", "", " offset 1m", f" @ {START_MS // 1000 + 300}"]))
    if draw(st.booleans()):
        text = f"{draw(st.sampled_from(FUNCTIONS))}({selector}[{draw(st.sampled_from(['1m', '2m5s', '10m']))}]{moved})"
    else:
        text = f"{selector}{moved}"
    if draw(st.booleans()):
        grouping = draw(st.sampled_from(["", "by (a)", "by (__name__, c)", "without (b)"]))
        text = f"{draw(st.sampled_from(OPERATORS))} {grouping} ({text})"
    return text


@given(stores(), queries(), st.sampled_from([0, 15_000, 20_000, 60_000]))
def test_what_is_worked_out_is_what_the_samples_say(store: Store, text: str, step_ms: int) -> None:
    source = Telling(OfView(store.view), "default", [], 10**9)
    found, wanted = (
        _answered(Engine(each, Options(), lambda: 0.0), text, step_ms) for each in (source, OnlySamples(source))
    )
    assert source.asked
    if isinstance(found, str) or isinstance(wanted, str):
        assert found == wanted
        return
    assert source.known or "avg" in text or '"x|y"' in text
    assert (found.infos, found.warnings) == (wanted.infos, wanted.warnings)
    ours, theirs = ({each.labels: each for each in answer.series()} for answer in (found, wanted))
    assert ours.keys() == theirs.keys()
    for labels, series in ours.items():
        assert series.times.tolist() == theirs[labels].times.tolist()
        # numpy sums in another order, and without compensation where that hardly matters.
        np.testing.assert_allclose(series.values, theirs[labels].values, rtol=1e-9)


def _answered(engine: Engine, text: str, step_ms: int) -> Answer | str:
    end_ms = START_MS + STEP_MS * COUNT
    try:
        if not step_ms:
            return engine.instant(text, end_ms)
        return engine.range(text, START_MS - 60_000, end_ms, step_ms)
    except ExecutionError as error:
        return str(error)
