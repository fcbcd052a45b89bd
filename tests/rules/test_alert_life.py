"""What becomes of alerts, minute by minute; the cases of the alert generator's compliance tests among them."""

import pytest
from .evaluation import Evaluation, labels


def alert(extra: str = "", expr: str = "up == 0", group: str = "") -> str:
    return f"groups:\n- name: g\n  interval: 1m\n{group}  rules:\n  - alert: Down\n    expr: {expr}\n{extra}"


ALERTS = 'ALERTS{alertname="Down"}'


def test_an_alert_waits_then_fires_then_is_over() -> None:
    e = Evaluation(alert("    for: 3m\n")).start()
    e.load('up{i="a"} 1 0x5 1x20')

    e.until(0)
    assert e.states() == []
    e.until(1)
    assert e.states() == ["pending"]
    e.until(2)
    assert e.value(ALERTS) == {labels(__name__="ALERTS", alertname="Down", alertstate="pending", i="a"): 1.0}
    e.until(3)
    assert e.states() == ["pending"]
    e.until(4)
    assert e.states() == ["firing"]
    since = {labels(__name__="ALERTS_FOR_STATE", alertname="Down", i="a"): e.ms(1) // 1000}
    assert e.value("ALERTS_FOR_STATE") == since
    assert list(e.value(ALERTS)) == [labels(__name__="ALERTS", alertname="Down", alertstate="firing", i="a")]
    e.until(7)
    assert e.states() == []
    assert e.value("ALERTS") == e.value("ALERTS_FOR_STATE") == {}


def test_an_alert_without_a_wait_fires_at_once() -> None:
    e = Evaluation(alert()).start()
    e.load('up{i="a"} 0x3')
    e.until(0)
    assert e.states() == ["firing"]


def test_an_alert_that_goes_before_its_wait_is_over_is_told_to_nobody() -> None:
    e = Evaluation(alert("    for: 3m\n")).start()
    e.load('up{i="a"} 0 0 1x3 0x10')
    e.until(8)
    assert e.states() == ["pending"]
    assert e.told == []
    e.until(9)
    [(at_ms, notice)] = e.told
    assert (at_ms, notice.starts_ms) == (9 * 60_000, e.ms(9))


def test_an_alert_is_told_again_each_minute_with_an_end_that_moves_on() -> None:
    e = Evaluation(alert()).start()
    e.load('up{i="a"} 0x30')
    e.until(4)
    # Every evaluation is exactly as long after the last as the wait between two messages: so every second one tells.
    assert [at for at, _ in e.told] == [0, 120_000, 240_000]
    for at, notice in e.told:
        assert (notice.starts_ms, notice.ends_ms, notice.resolved) == (e.ms(0), e.ms(0) + at + 240_000, False)


def test_what_is_over_is_told_again_for_fifteen_minutes() -> None:
    e = Evaluation(alert(), resend_ms=59_000).start()
    e.load('up{i="a"} 0 0 1x60')
    e.until(40)
    over = [(at, notice) for at, notice in e.told if notice.resolved]
    assert [at // 60_000 for at, _ in over] == list(range(2, 18))
    assert {notice.ends_ms for _, notice in over} == {e.ms(2)}
    assert {notice.starts_ms for _, notice in over} == {e.ms(0)}


def test_an_alert_that_comes_again_begins_anew() -> None:
    e = Evaluation(alert("    for: 1m\n"), resend_ms=59_000).start()
    e.load('up{i="a"} 0 0 1 0x9')
    e.until(3)
    assert e.states() == ["pending"]
    e.until(4)
    assert e.told[-1][1].starts_ms == e.ms(4)


def test_a_firing_alert_goes_on_for_a_while_if_it_should() -> None:
    e = Evaluation(alert("    keep_firing_for: 2m\n")).start()
    e.load('up{i="a"} 0 1 0 1x9')
    e.until(1)
    [shown] = e.rules.groups("default")[0].rules[0].alerts
    assert (shown.state, shown.keep_firing_since_ns) == ("firing", e.ms(1) * 1_000_000)
    e.until(2)
    assert e.rules.groups("default")[0].rules[0].alerts[0].keep_firing_since_ns == 0
    e.until(4)
    assert e.states() == ["firing"]
    e.until(5)
    assert e.states() == []


def test_labels_and_annotations_are_templates() -> None:
    text = alert(
        "    labels:\n      severity: '{{ if gt $value 5.0 }}page{{ else }}ticket{{ end }}'\n      gone: ''\n      i: x\n"
        "    annotations:\n      about: '{{ $labels.i }} {{ .Value }} {{ $labels.__name__ }}'\n"
        "      bad: '{{ $value.x }}'\n      asked: '{{ query \"up\" | len }}'\n",
        "up > 0",
    )
    e = Evaluation(text).start()
    e.load('up{i="a",j="b"} 7')
    e.until(0)
    [(_, notice)] = e.told
    assert notice.labels == labels(alertname="Down", severity="page", i="x", j="b")
    notes = dict(notice.annotations)
    assert (notes["about"], notes["asked"]) == ("a 7 up", "1")
    assert notes["bad"].startswith("<error expanding template: error executing template __alert_Down: template:")


def test_annotations_follow_the_value() -> None:
    e = Evaluation(alert("    annotations: {v: '{{ $value }}'}\n", "x > 0"), resend_ms=1).start()
    e.load("x 1 2 3")
    e.until(2)
    assert [dict(notice.annotations)["v"] for _, notice in e.told] == ["1", "2", "3"]
    assert {notice.starts_ms for _, notice in e.told} == {e.ms(0)}


def test_equal_labels_are_an_error_and_the_last_state_stays() -> None:
    e = Evaluation(alert("    labels: {i: same}\n")).start()
    e.load('up{i="a"} 0x9')
    e.load('up{i="b"} 1 0x9')
    e.until(0)
    assert e.states() == ["firing"]
    e.until(1)
    [rule] = e.rules.groups("default")[0].rules
    assert (rule.health, rule.last_error) == (
        "err",
        "vector contains metrics with the same labelset after applying alert labels",
    )
    assert e.states() == ["firing"]


def test_too_many_alerts_are_an_error_and_none_is_kept() -> None:
    e = Evaluation(alert(group="  limit: 1\n")).start()
    e.load('up{i="a"} 0x9')
    e.load('up{i="b"} 0x9')
    e.until(0)
    [rule] = e.rules.groups("default")[0].rules
    assert rule.last_error == "exceeded limit of 1 with 2 alerts"
    assert e.states() == [] == e.told


def test_a_rule_may_be_a_number() -> None:
    e = Evaluation(alert(expr="vector(1) > bool 0")).start()
    e.until(0)
    assert e.states() == ["firing"]


@pytest.mark.parametrize(
    ("down_minutes", "fires_after"), [(5, 25), (20, 25), (70, 30)], ids=["short", "longer", "too long to restore"]
)
def test_an_alert_that_waited_before_a_restart_waits_on(down_minutes: int, fires_after: int) -> None:
    """Thirty minutes to wait, of which five had passed; the time that nobody was there doesn't count."""
    e = Evaluation(alert("    for: 30m\n"), grace_ms=600_000).start()
    e.load('up{i="a"} 0x300')
    e.until(5)
    e.rules.stop()
    e.clock.advance(down_minutes * 60)
    e.restarted()
    # Two evaluations later it is known again.
    e.clock.advance(120)
    began = e.clock.time_ns()
    while e.states() == ["pending"]:
        e.clock.advance(60)
    waited = (e.clock.time_ns() - began) / 60e9
    assert abs(waited - fires_after) <= 2.1, waited


def test_an_alert_that_fired_before_a_restart_fires_again_at_once() -> None:
    e = Evaluation(alert("    for: 15m\n")).start()
    e.load('up{i="a"} 0x300')
    e.until(20)
    assert e.states() == ["firing"]
    e.rules.stop()
    e.clock.advance(600)
    e.restarted()
    e.clock.advance(60)
    assert e.states() == ["pending"]
    e.clock.advance(120)
    assert e.states() == ["firing"]


def test_an_alert_that_had_nearly_fired_gets_time_to_prove_itself() -> None:
    e = Evaluation(alert("    for: 15m\n")).start()
    e.load('up{i="a"} 0x300')
    e.until(13)
    e.rules.stop()
    e.clock.advance(600)
    e.restarted()
    e.clock.advance(120)
    began = e.clock.time_ns()
    while e.states() == ["pending"]:
        e.clock.advance(30)
    assert 9.5 <= (e.clock.time_ns() - began) / 60e9 <= 11


def test_an_alert_that_was_over_before_a_restart_is_not_restored() -> None:
    e = Evaluation(alert("    for: 15m\n")).start()
    e.load('up{i="a"} 0x12 1x10 0x300')
    e.until(20)
    e.restarted()
    e.until(25)
    [active] = e.rules.groups("default")[0].rules[0].alerts
    assert active.active_ns == e.ms(24) * 1_000_000


def test_nothing_says_since_when_until_it_is_restored() -> None:
    e = Evaluation(alert("    for: 15m\n")).start()
    e.load('up{i="a"} 0x300')
    e.until(1)
    assert e.value("ALERTS_FOR_STATE") == {}
    e.until(2)
    assert e.value("ALERTS_FOR_STATE") != {}
