"""Messages of our own: grouped, repeated, silenced, inhibited, tried again."""

from pathlib import Path

import pytest

from otelier.component import Meter
from otelier.component.errors import Location
from otelier.config.decode import decode
from otelier.config.document import Document
from otelier.config.nodes import Node
from otelier.query.errors import BadQuery
from otelier.rules.alerts import Notice
from otelier.rules.notify.dispatch import Dispatcher
from otelier.rules.notify.message import Message
from otelier.rules.notify.silences import Silences
from otelier.rules.notify.told import Outward, moment
from otelier.scrape.config.rules import NotifyConfig
from otelier.scrape.relabel import Relabelling
from otelier.testing import FakeClock


class Sent:
    """A Sender that remembers, and fails as often as it is told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.failures = 0
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def send(self, message: Message) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("not now")
        self.messages.append(message)

    @property
    def said(self) -> list[str]:
        return [
            f"{m.receiver} {m.status}: "
            + " ".join(f"{a.labels['alertname']}{'-' if a.resolved else ''}" for a in m.alerts)
            for m in self.messages
        ]


class Desk:
    def __init__(self, tmp_path: Path, **config: object) -> None:
        self.clock = FakeClock()
        self.sent = Sent()
        self.silences = Silences(tmp_path / "silences.json", self.clock)
        given = {"receivers": [{"name": "all", "webhook": {"url": "http://x"}}], **config}
        decoded = decode(NotifyConfig, given, (), Document(Node({}, Location("x")), []))
        self.dispatcher = Dispatcher(
            decoded, Outward({}, "", Relabelling(())), self.silences, self.clock, Meter(), make=lambda _: [self.sent]
        )

    def tell(self, *names: str, over: bool = False, **labels: str) -> None:
        now = self.clock.time_ns() // 1_000_000
        self.dispatcher.notify(
            [
                Notice(tuple(sorted({"alertname": n, **labels}.items())), (), now, now if over else now + 10**8, over)
                for n in names
            ]
        )


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.group_by", "otelier_query.prometheus.rules.notify.group_wait"
)
def test_alerts_of_a_group_are_one_message_after_a_wait(tmp_path: Path) -> None:
    desk = Desk(tmp_path, group_by=["service"])
    desk.tell("A", service="x")
    desk.clock.advance(10)
    desk.tell("B", service="x")
    desk.tell("C", service="y")
    desk.clock.advance(19)
    assert desk.sent.said == []
    desk.clock.advance(11)
    assert desk.sent.said == ["all firing: A B", "all firing: C"]
    assert desk.sent.messages[0].group_labels == {"service": "x"}


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.group_interval", "otelier_query.prometheus.rules.notify.repeat_interval"
)
def test_a_group_that_changes_is_told_after_its_interval_and_one_that_does_not_later(tmp_path: Path) -> None:
    desk = Desk(tmp_path, group_by=[])
    desk.tell("A")
    desk.clock.advance(30)
    desk.tell("A", "B")
    desk.clock.advance(299)
    assert len(desk.sent.messages) == 1
    desk.clock.advance(1)
    assert desk.sent.said[1:] == ["all firing: A B"]
    desk.clock.advance(4 * 3600 - 1)
    assert len(desk.sent.messages) == 2
    desk.clock.advance(300)
    assert len(desk.sent.messages) == 3


def test_what_is_over_is_told_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, group_by=[])
    desk.tell("A", "B")
    desk.clock.advance(30)
    desk.tell("A", over=True)
    desk.clock.advance(300)
    desk.tell("A", over=True)
    desk.tell("B", over=True)
    desk.clock.advance(3000)
    assert desk.sent.said == ["all firing: A B", "all firing: B A-", "all resolved: B-"]
    assert desk.clock.pending == []


def test_an_alert_of_which_nothing_is_heard_is_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path, repeat_interval="30d")
    desk.tell("A")
    desk.clock.advance(10**5 + 600)
    assert desk.sent.said == ["all firing: A", "all resolved: A-"]


def test_what_was_over_before_anybody_was_told_is_told_to_nobody(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.tell("A")
    desk.tell("A", over=True)
    desk.clock.advance(3600)
    assert desk.sent.said == []


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.receivers.name",
    "otelier_query.prometheus.rules.notify.receivers.matchers",
    "otelier_query.prometheus.rules.notify.receivers.send_resolved",
)
def test_receivers_get_what_fits(tmp_path: Path) -> None:
    hook = {"url": "http://x"}
    desk = Desk(
        tmp_path,
        receivers=[
            {"name": "pages", "matchers": ['severity="page"'], "webhook": hook},
            {
                "name": "shop",
                "matchers": ["service=~shop|cart", "severity!=info"],
                "webhook": hook,
                "send_resolved": False,
            },
        ],
    )
    desk.tell("A", severity="page", service="shop")
    desk.tell("B", severity="info", service="shop")
    desk.tell("C", severity="page", service="other")
    desk.clock.advance(30)
    assert sorted(desk.sent.said) == ["pages firing: A", "pages firing: C", "shop firing: A"]
    desk.tell("A", severity="page", service="shop", over=True)
    desk.clock.advance(300)
    assert desk.sent.said[3:] == ["pages resolved: A-"]


def test_a_message_that_was_not_taken_is_tried_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sent.failures = 3
    desk.tell("A")
    desk.clock.advance(30 + 10 + 20)
    assert desk.sent.said == []
    desk.clock.advance(40)
    assert desk.sent.said == ["all firing: A"]


def silence(clock: FakeClock, value: str, hours: float = 1, **more: object) -> dict[str, object]:
    now = clock.time_ns() // 1_000_000
    return {
        "matchers": [{"name": "alertname", "value": value, "isRegex": True}],
        "startsAt": moment(now),
        "endsAt": moment(now + round(hours * 3_600_000)),
        "createdBy": "me",
        "comment": "known",
        **more,
    }


def test_what_is_silenced_is_told_when_the_silence_ends(tmp_path: Path) -> None:
    desk = Desk(tmp_path, group_by=[])
    id_ = desk.silences.put(silence(desk.clock, "A|B"))
    desk.tell("A", "B", "C")
    desk.clock.advance(1000)
    assert desk.sent.said == ["all firing: C"]
    assert desk.silences.expire(id_)
    assert not desk.silences.expire("none")
    desk.clock.advance(300)
    assert desk.sent.said[1:] == ["all firing: A B C"]


def test_silences_outlive_the_process(tmp_path: Path) -> None:
    clock = FakeClock()
    first = Silences(tmp_path / "silences.json", clock)
    id_ = first.put(silence(clock, "A"))
    again = Silences(tmp_path / "silences.json", clock)
    assert again.silenced({"alertname": "A"})
    assert again.shown() == first.shown()
    [shown] = again.shown()
    assert (shown["id"], shown["status"], shown["createdBy"]) == (id_, {"state": "active"}, "me")
    clock.advance(3600)
    assert not again.silenced({"alertname": "A"})
    assert again.shown()[0]["status"] == {"state": "expired"}


def test_a_silence_that_ended_before_it_began_outlives_the_process(tmp_path: Path) -> None:
    clock = FakeClock()
    silences = Silences(tmp_path / "silences.json", clock)
    tomorrow = {"startsAt": moment(clock.time_ns() // 1_000_000 + 86_400_000)}
    ended = silences.put(silence(clock, "A", 48) | tomorrow)
    changed = silences.put(silence(clock, "B", 48) | tomorrow)
    assert silences.expire(ended)
    assert silences.put(silence(clock, "C", 48, id=changed)) != changed
    assert Silences(tmp_path / "silences.json", clock).shown() == silences.shown()


def test_a_silence_that_can_not_be_kept_does_not_count(tmp_path: Path) -> None:
    clock = FakeClock()
    silences = Silences(tmp_path / "silences.json", clock)
    with pytest.raises(ValueError, match="surrogates"):
        silences.put(silence(clock, "A", comment="\ud800"))
    assert silences.shown() == []
    assert not silences.silenced({"alertname": "A"})
    id_ = silences.put(silence(clock, "B"))
    assert [each["id"] for each in Silences(tmp_path / "silences.json", clock).shown()] == [id_]


def test_a_silence_can_be_changed_and_what_it_can_not_be_is_said(tmp_path: Path) -> None:
    clock = FakeClock()
    silences = Silences(tmp_path / "silences.json", clock)
    id_ = silences.put(silence(clock, "A"))
    assert silences.put(silence(clock, "A", 2, id=id_)) == id_
    other = silences.put(silence(clock, "B", 2, id=id_))
    assert other != id_
    assert [each["status"]["state"] for each in silences.shown()] == ["active", "expired"]
    for wrong in (
        silence(clock, "("),
        silence(clock, ".*"),
        silence(clock, "A", -1),
        silence(clock, "A", updatedAt=5),
        silence(clock, "A", endsAt="2126-11-26"),
        {"matchers": []},
        {},
        "x",
    ):
        with pytest.raises(BadQuery):
            silences.put(wrong)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(OSError, match="holds no silences"):
        Silences(tmp_path / "broken.json", clock)


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.inhibit_rules.source_matchers",
    "otelier_query.prometheus.rules.notify.inhibit_rules.target_matchers",
    "otelier_query.prometheus.rules.notify.inhibit_rules.equal",
)
def test_an_alert_that_another_explains_is_not_told(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        group_by=["..."],
        inhibit_rules=[
            {"source_matchers": ["severity=page"], "target_matchers": ["severity=info"], "equal": ["service"]}
        ],
    )
    desk.tell("A", severity="page", service="x")
    desk.tell("B", severity="info", service="x")
    desk.tell("C", severity="info", service="y")
    desk.clock.advance(30)
    assert sorted(desk.sent.said) == ["all firing: A", "all firing: C"]


def test_nothing_is_told_after_the_stop(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.tell("A")
    desk.dispatcher.stop()
    desk.tell("B")
    desk.clock.advance(10_000)
    assert desk.sent.said == []


def test_ways_to_tell_are_started_and_stopped(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.dispatcher.start()
    assert desk.sent.running
    desk.dispatcher.stop()
    assert not desk.sent.running
