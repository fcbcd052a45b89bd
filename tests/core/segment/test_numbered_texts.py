"""Texts that are kept as integers are texts to whoever searches and fetches them."""

import json
from typing import Any

import pytest

from otelier._core import View

from .spans import attributes, batch, span, trace_id
from .stores import Store

FOREVER = (0, 2**64 - 1)
COUNT = 400


def path(number: int) -> str:
    match number % 10:
        case 0:
            return f"/orders/{number:05}"  # Leading zeros: no number.
        case 1:
            return f"/{number}/orders"
        case 2:
            return f"/sessions/{number * 99_999_989:08x}"
        case _:
            return f"/orders/{number}"


@pytest.fixture(scope="module")
def store() -> Store:
    store = Store()
    spans = [
        span(n, n, start=n, attributes=attributes({"path": path(n), "same": "/orders/7"})) for n in range(1, COUNT)
    ]
    store.append(batch(*spans))
    store.flush()
    return store


def searched(store: Store, op: str, value: Any, key: str = "path", scope: str = "span") -> list[int]:
    view = View(store.disk)
    view.refresh(store.paths, 10)
    test = {"field": {"scope": scope, "key": key}, "op": op, "value": value}
    hits = view.search("default", json.dumps(test).encode(), *FOREVER, COUNT)
    return sorted(start for _, start in hits)


@pytest.mark.parametrize("number", [3, 10, 20, 21, 42, 98, 399])
@pytest.mark.parametrize(("op", "scope"), [("=", "span"), ("text=", "any")])
def test_they_are_found_by_what_they_are(store: Store, number: int, op: str, scope: str) -> None:
    assert searched(store, op, path(number), scope=scope) == [number]


def test_what_no_span_has_is_not_found(store: Store) -> None:
    for text in ("/orders/400", "/orders/03", "/orders/", "/order/3", "3", "", "/sessions/05f5e0f5x"):
        assert searched(store, "=", text) == []


def test_they_are_found_by_expressions_and_by_being_different(store: Store) -> None:
    every = range(1, COUNT)
    assert searched(store, "=~", "/orders/.*[13579]$") == [n for n in every if n % 2 and n % 10 != 1]
    assert searched(store, "!=", "/orders/3") == [n for n in every if n != 3]
    assert searched(store, "exists", None) == list(every)
    assert searched(store, "=", "/orders/7", key="same") == list(every)


def test_whole_traces_have_them_again(store: Store) -> None:
    view = View(store.disk)
    view.refresh(store.paths, 10)
    ids = [trace_id(n) for n in range(1, COUNT)]
    assert view.traces("default", ids).digest() == store.stored().digest()
