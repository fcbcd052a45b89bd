"""Webhook, Slack and e-mail: what each of them sends."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from otelier.component import Duration, Secret, SystemClock
from otelier.rules.notify.mail import Mail
from otelier.rules.notify.message import Message
from otelier.rules.notify.slack import Slack
from otelier.rules.notify.told import Told
from otelier.rules.notify.webhook import Webhook, fingerprint
from otelier.scrape.config.rules import EmailConfig, SlackConfig, WebhookConfig
from otelier.testing import FakeAlertmanager


def told(name: str, resolved: bool = False, **labels: str) -> Told:
    notes = {"summary": f"{name} <is> wrong & more"}
    return Told({"alertname": name, **labels}, notes, 1_700_000_000_000, 1_700_000_060_000, resolved, "http://h/graph")


MESSAGE = Message("all", "{all}:{}", {"alertname": "A"}, [told("A", i="1"), told("A", True, i="2")], "http://here")


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.receivers.webhook.url",
    "otelier_query.prometheus.rules.notify.receivers.webhook.max_alerts",
)
def test_a_webhook_gets_what_alertmanager_would_post() -> None:
    with FakeAlertmanager() as fake:
        hook = Webhook(WebhookConfig(url=Secret(f"{fake.url}/hook"), max_alerts=1), SystemClock())
        hook.send(MESSAGE)
    [(path, given)] = fake.posts
    assert path == "/hook"
    assert given == {
        "version": "4", "groupKey": "{all}:{}", "truncatedAlerts": 1, "status": "firing", "receiver": "all",
        "groupLabels": {"alertname": "A"}, "commonLabels": {"alertname": "A"},
        "commonAnnotations": {"summary": "A <is> wrong & more"}, "externalURL": "http://here",
        "alerts": [{
            "status": "firing", "labels": {"alertname": "A", "i": "1"},
            "annotations": {"summary": "A <is> wrong & more"}, "startsAt": "2023-11-14T22:13:20.000Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://h/graph",
            "fingerprint": fingerprint(MESSAGE.alerts[0]),
        }],
    }  # fmt: skip


def test_a_fingerprint_is_that_of_prometheus() -> None:
    """FNV-1a of no bytes is its offset basis."""
    assert fingerprint(Told({}, {}, 0, 0, False, "")) == "cbf29ce484222325"


def test_a_webhook_that_refuses_is_an_error() -> None:
    with FakeAlertmanager() as fake:
        fake.answers = [503]
        with pytest.raises(OSError, match="503"):
            Webhook(WebhookConfig(url=Secret(fake.url)), SystemClock()).send(MESSAGE)
    with pytest.raises(OSError):
        Webhook(WebhookConfig(url=Secret(fake.url)), SystemClock()).send(MESSAGE)


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.receivers.slack.api_url",
    "otelier_query.prometheus.rules.notify.receivers.slack.channel",
    "otelier_query.prometheus.rules.notify.receivers.slack.username",
)
def test_slack_gets_text_that_can_make_no_links() -> None:
    with FakeAlertmanager() as fake:
        Slack(SlackConfig(api_url=Secret(fake.url), channel="#ops", username="otto"), SystemClock()).send(MESSAGE)
    [(_, given)] = fake.posts
    [attachment] = given["attachments"]
    assert given["username"] == "otto"
    assert (given["channel"], attachment["color"], attachment["title"]) == ("#ops", "danger", "[FIRING:1] A")
    assert attachment["text"].splitlines() == [
        "firing: A &lt;is&gt; wrong &amp; more",
        "resolved: A &lt;is&gt; wrong &amp; more",
    ]


@contextmanager
def smtp(*, extensions: str = "") -> Iterator[tuple[str, list[str]]]:
    """A server that speaks just enough SMTP, and what it was told."""
    heard: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                heard.append(line)
                if data:
                    data = line != "."
                    if not data:
                        self.wfile.write(b"250 taken\r\n")
                    continue
                word = line[:4].upper()
                data = word == "DATA"
                answer = {
                    "DATA": "354 go on",
                    "QUIT": "221 bye",
                    "AUTH": "235 welcome",
                    "EHLO": f"250{'-x' if extensions else ' x'}",
                }
                self.wfile.write((answer.get(word, "250 ok") + "\r\n").encode())
                if word == "EHLO" and extensions:
                    self.wfile.write(f"250 {extensions}\r\n".encode())
                if word == "QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.receivers.email.to",
    "otelier_query.prometheus.rules.notify.receivers.email.from",
    "otelier_query.prometheus.rules.notify.receivers.email.smarthost",
)
def test_a_mail_says_what_is_wrong() -> None:
    wild = Message("all", "", {}, [told("A\r\nBcc: all@example.com")], "http://here")
    with smtp() as (address, heard):
        config = EmailConfig(
            to=("a@example.com", "b@example.com"), from_="o@example.com", smarthost=address, require_tls=False
        )
        Mail(config).send(MESSAGE)
    assert "Subject: [FIRING:1] A" in heard
    assert "To: a@example.com, b@example.com" in heard
    assert "firing: A <is> wrong & more" in heard
    mail = Mail(config).mail(wild)
    assert (mail["Bcc"], mail["Subject"]) == (None, "[FIRING:1] A Bcc: all@example.com")


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.receivers.email.auth_username",
    "otelier_query.prometheus.rules.notify.receivers.email.auth_password",
)
def test_a_mail_server_is_told_who_sends() -> None:
    with smtp(extensions="AUTH PLAIN") as (address, heard):
        who = {"auth_username": "me", "auth_password": Secret("secret")}
        Mail(EmailConfig(to=("a@b",), from_="o@b", smarthost=address, require_tls=False, **who)).send(MESSAGE)
    assert "AUTH PLAIN AG1lAHNlY3JldA==" in heard


@pytest.mark.proves(
    "otelier_query.prometheus.rules.notify.receivers.email.timeout",
    "otelier_query.prometheus.rules.notify.receivers.slack.timeout",
    "otelier_query.prometheus.rules.notify.receivers.webhook.timeout",
)
def test_who_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        url, soon = Secret(f"http://{address}"), Duration(0.1)
        for sender in (
            Webhook(WebhookConfig(url=url, timeout=soon), SystemClock()),
            Slack(SlackConfig(api_url=url, channel="#a", timeout=soon), SystemClock()),
            Mail(EmailConfig(to=("a@b",), from_="o@b", smarthost=address, require_tls=False, timeout=soon)),
        ):
            with pytest.raises(OSError):
                sender.send(MESSAGE)


@pytest.mark.proves("otelier_query.prometheus.rules.notify.receivers.email.require_tls")
def test_a_mail_is_not_sent_in_the_clear_unless_that_is_allowed() -> None:
    with smtp() as (address, heard):
        config = EmailConfig(to=("a@example.com",), from_="o@example.com", smarthost=address)
        with pytest.raises(OSError, match="no STARTTLS"):
            Mail(config).send(MESSAGE)
    assert not any(line.startswith("MAIL") for line in heard)


def test_a_server_that_is_not_there_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = EmailConfig(to=("a@example.com",), from_="o@example.com", smarthost=f"127.0.0.1:{port}")
    with pytest.raises(OSError):
        Mail(config).send(MESSAGE)
