"""Groups: what is evaluated when, in which order, and what becomes of series that are gone."""

from .evaluation import Evaluation, labels

from otelier.component import Meter
from otelier.rules.files import read_rules
from otelier.rules.schedule import Rules


def group(*rules: str, name: str = "g", keys: str = "") -> str:
    return f"groups:\n- name: {name}\n  interval: 1m\n{keys}  rules:\n" + "".join(f"  - {each}\n" for each in rules)


def test_rules_of_a_group_see_what_those_before_them_wrote() -> None:
    e = Evaluation(group("{record: a, expr: sum(x)}", "{record: b, expr: a * 2}", "{record: c, expr: b + 1}")).start()
    e.load('x{i="1"} 3x9')
    e.load('x{i="2"} 4x9')
    e.until(0)
    assert e.value("c") == {labels(__name__="c"): 15.0}


def test_a_recording_rule_names_and_labels_what_it_finds() -> None:
    e = Evaluation(group('{record: "job:x", expr: x, labels: {i: "", team: a}}', keys="  labels: {team: b, env: p}\n"))
    e.start()
    e.load('x{i="1",j="2"} 3')
    e.until(0)
    assert e.value("job:x") == {labels(__name__="job:x", j="2", team="a", env="p"): 3.0}


def test_a_series_that_is_gone_ends_at_once() -> None:
    e = Evaluation(group('{record: a, expr: "x > 1"}')).start()
    e.load("x 5 5 0 5")
    e.until(2)
    assert (e.value("a", 1), e.value("a", 2)) == ({labels(__name__="a"): 5.0}, {})
    e.until(3)
    assert e.value("a") == {labels(__name__="a"): 5.0}


def test_a_rule_that_fails_leaves_its_series_and_the_other_rules_alone() -> None:
    e = Evaluation(group('{record: a, expr: "x + on () y"}', "{record: b, expr: y}")).start()
    e.load('x{i="1"} 1x9')
    e.load('x{i="2"} _ 1x9')
    e.load("y 1x9")
    e.until(1)
    first, second = e.rules.groups("default")[0].rules
    assert (first.health, second.health) == ("err", "ok")
    assert "many" in first.last_error
    assert list(e.value("a")) == [labels(__name__="a")]
    assert list(e.value("b")) == [labels(__name__="b")]


def test_what_can_not_be_written_is_an_error_of_the_rule() -> None:
    e = Evaluation(group("{record: a, expr: x}")).start()
    e.load("x 1x9")
    e.refused.append("the disk is full")
    e.until(0)
    [rule] = e.rules.groups("default")[0].rules
    assert (rule.health, rule.last_error) == ("err", "the disk is full")
    e.until(1)
    [rule] = e.rules.groups("default")[0].rules
    assert (rule.health, rule.last_error) == ("ok", "")


def test_equal_series_and_too_many_are_errors() -> None:
    e = Evaluation(group('{record: a, expr: x, labels: {i: ""}}', "{record: b, expr: x}", keys="  limit: 1\n")).start()
    e.load('x{i="1"} 1')
    e.load('x{i="2"} 1')
    e.until(0)
    assert [each.last_error for each in e.rules.groups("default")[0].rules] == [
        "vector contains metrics with the same labelset after applying rule labels",
        "exceeded limit of 1 with 2 series",
    ]


def test_a_rule_may_ask_of_what_was_some_time_ago() -> None:
    e = Evaluation(group("{record: a, expr: x}", keys="  query_offset: 2m\n")).start()
    e.load("x 1 2 3 4 5")
    e.until(3)
    assert e.value("timestamp(a)", 1) == {(): e.ms(1) / 1000}
    assert e.value("a", 1) == {labels(__name__="a"): 2.0}


def test_groups_are_evaluated_at_multiples_of_their_interval() -> None:
    e = Evaluation(group("{record: a, expr: vector(time())}")).start()
    e.until(2.7)
    [shown] = e.rules.groups("default")
    assert shown.evaluated_ns == e.ms(2) * 1_000_000
    assert e.value("a", 2) == {labels(__name__="a"): e.ms(2) / 1000}


def test_evaluations_that_there_was_no_time_for_are_counted() -> None:
    meter = Meter()
    e = Evaluation(group("{record: a, expr: x}"))
    slow = e.rules = Rules(e.groups, e.around, meter=meter)
    slow.start()

    e.load("x 1x99")
    # Writing takes so long that two more are due.
    e.while_writing.append(lambda: e.clock.advance(150))
    e.until(0)
    e.clock.advance(60)
    [group_] = slow.running()
    assert group_.tally.missed == 1
    found = {each.name: each.values for each in meter.collect()}
    key = (("rule_group", "rules.yml;g"),)
    assert found["prometheus_rule_group_iterations_missed"] == {key: 1}


def test_other_files_go_on_where_the_old_ones_were() -> None:
    text = group("{alert: Down, expr: up == 0, for: 5m}", '{record: a, expr: "x"}', "{record: b, expr: x}")
    e = Evaluation(text).start()
    e.load('up{i="a"} 0x99')
    e.load("x 1x99")
    e.until(3)
    changed = group("{record: b, expr: x + 1}", "{alert: Down, expr: up == 0, for: 5m}")
    e.rules.reload(read_rules(changed.encode(), "rules.yml"))
    e.until(5)
    assert e.states() == ["firing"]
    assert (e.value("a"), e.value("b")) == ({}, {labels(__name__="b"): 2.0})


def test_series_of_a_group_that_is_gone_end_after_two_intervals() -> None:
    e = Evaluation(group("{record: a, expr: x}", "{record: b, expr: x}")).start()
    e.load("x 1x99")
    e.until(2)
    e.rules.reload(read_rules(group("{record: b, expr: x}", name="other").encode(), "rules.yml"))
    e.clock.advance(119)
    assert e.value("a") != {}
    e.clock.advance(2)
    assert e.value("a") == {}
    assert e.value("b") != {}


def test_what_stopped_is_evaluated_no_more() -> None:
    e = Evaluation(group("{record: a, expr: vector(time())}")).start()
    e.until(1)
    e.rules.stop()
    e.until(20)
    assert e.value("a", 3) == {labels(__name__="a"): e.ms(1) / 1000}
