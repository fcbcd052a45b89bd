"""Ids that are nearly all different are looked for without reading them where they are not."""

import json
from uuid import UUID

from otelier._core import View

from .spans import attributes, batch, span
from .stores import Store

FOREVER = (0, 2**64 - 1)
COUNT = 500


def session(number: int) -> str:
    return str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))


def test_an_id_is_found_and_one_that_is_nowhere_costs_no_page() -> None:
    store = Store()
    spans = [span(n, n, start=n, attributes=attributes({"session.id": session(n)})) for n in range(1, COUNT)]
    store.append(batch(*spans))
    store.flush()
    view = View(store.disk)
    view.refresh(store.paths, 10)

    def searched(text: str) -> tuple[list[int], int]:
        before = view.scanned["pages"]
        test = {"field": {"scope": "span", "key": "session.id"}, "op": "=", "value": text}
        hits = view.search("default", json.dumps(test).encode(), *FOREVER, COUNT)
        return [start for _, start in hits], view.scanned["pages"] - before

    for number in range(1, COUNT, 7):
        assert searched(session(number))[0] == [number]
    absent = [searched(session(number)) for number in range(COUNT, 2 * COUNT)]
    assert all(hits == [] for hits, _ in absent)
    assert sum(pages > 0 for _, pages in absent) < COUNT // 10
