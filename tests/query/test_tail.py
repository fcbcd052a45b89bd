"""A tail tells everything once, however late it comes."""

from collections.abc import Sequence

from otelier.query.tail import Tail, TailedLine, TailedTrace

SECOND_NS = 10**9
NOW_NS = 1_700_000_000 * SECOND_NS


def line(text: str, age_s: float) -> TailedLine:
    return TailedLine(NOW_NS - round(age_s * SECOND_NS), "shop", "info", text, ())


def trace(spans: int, trace_id: str = "a", age_s: int = 1) -> TailedTrace:
    start_ns = NOW_NS - age_s * SECOND_NS
    return TailedTrace(trace_id, start_ns, start_ns + spans, "shop", "GET /", spans, 0)


class Shop:
    """What there is by now."""

    def __init__(self) -> None:
        self.there: list[TailedLine] = []
        self.all_traces: list[TailedTrace] = []

    def lines(self, start_ns: int, end_ns: int) -> Sequence[TailedLine]:
        return [each for each in self.there if start_ns <= each.time_ns <= end_ns]

    def traces(self, start_ns: int, end_ns: int) -> Sequence[TailedTrace]:
        return [each for each in self.all_traces if start_ns <= each.start_ns <= end_ns]


def test_each_line_is_told_once_in_the_order_of_time_also_if_it_comes_late() -> None:
    shop = Shop()
    tail = Tail(NOW_NS - 60 * SECOND_NS, shop.lines, None)
    shop.there = [line("b", 1), line("a", 50), line("b", 1)]
    assert [each.line for each in tail.look(NOW_NS).lines] == ["a", "b", "b"], "two equal ones are two"
    assert tail.look(NOW_NS + SECOND_NS).lines == []
    shop.there += [line("late", 20), line("b", 1), line("ahead", -100)]
    assert [each.line for each in tail.look(NOW_NS + 2 * SECOND_NS).lines] == ["late", "b", "ahead"]
    for later in range(3, 200, 10):
        assert tail.look(NOW_NS + later * SECOND_NS).lines == []


def test_nothing_older_than_wanted_is_told() -> None:
    shop = Shop()
    shop.there = [line("old", 5), line("new", -1)]
    assert [each.line for each in Tail(NOW_NS, shop.lines, None).look(NOW_NS).lines] == ["new"]


def test_a_trace_is_told_once_when_nothing_comes_to_it_any_more() -> None:
    shop = Shop()
    tail = Tail(NOW_NS - 60 * SECOND_NS, None, shop.traces)
    shop.all_traces = [trace(1)]
    assert tail.look(NOW_NS).traces == []
    shop.all_traces = [trace(3)]
    assert tail.look(NOW_NS).traces == []
    assert tail.look(NOW_NS).traces == [trace(3)]
    shop.all_traces = [trace(4), trace(1, "b")]
    assert tail.look(NOW_NS).traces == []
    assert tail.look(NOW_NS, all_traces=True).traces == [trace(1, "b")]


def test_what_does_not_fit_into_a_look_is_said() -> None:
    shop = Shop()
    shop.there = [line(str(number), 1) for number in range(1000)]
    assert Tail(0, shop.lines, None).look(NOW_NS).more
