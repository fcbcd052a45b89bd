"""How targets are proved, and how we say who we are: over real sockets."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from otelier.component import SystemClock
from otelier.config import decode, load
from otelier.scrape.config import PrometheusConfig
from otelier.scrape.scraper import Scraper
from otelier.scrape.status import targets
from otelier.testing import component_context
from otelier.testing.scrape import FakeTarget, MemorySamples

from ..receivers.certificates import Authority, serving


class Scraping:
    """One target, scraped every second."""

    def __init__(self) -> None:
        self._samples = MemorySamples()
        self._scraper = Scraper(component_context(clock=SystemClock()), self._samples)
        self._scraper.start()

    def stop(self) -> None:
        self._scraper.stop()

    def __call__(self, address: str, keys: str = "") -> str:
        """Scrape with these keys; the error of the first scrape, or nothing."""
        self._scraper.apply(PrometheusConfig())
        seen = len(self._samples.rows("up"))
        target = f"static_configs: [{{targets: ['{address}']}}]"
        text = f"{{scrape_configs: [{{job_name: j, scrape_interval: 1s, {target}, {keys}}}]}}"
        document = load(["yaml:" + text.replace("$", "$$")])
        self._scraper.apply(decode(PrometheusConfig, document.tree, (), document))
        return self.again(seen)

    def again(self, seen: int | None = None) -> str:
        """The error of the next scrape."""
        before = len(self._samples.rows("up")) if seen is None else seen
        self._samples.wait_for(lambda rows: len([row for row in rows if row[2] == row[2]]) > before, "up")
        return targets(self._scraper)["activeTargets"][0]["lastError"]


@pytest.fixture
def scraping() -> Iterator[Scraping]:
    made = Scraping()
    yield made
    made.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def by_name(target: FakeTarget) -> str:
    return target.address.replace("127.0.0.1", "localhost")


def test_a_target_is_believed_by_its_authority_or_not_at_all(scraping: Scraping, authority: Authority) -> None:
    with FakeTarget("a 1\n", tls=serving(authority)) as target:
        assert "certificate" in scraping(by_name(target), "scheme: https").lower()
        assert scraping(by_name(target), f"scheme: https, tls_config: {{ca_file: '{authority.file}'}}") == ""
        assert scraping(by_name(target), "scheme: https, tls_config: {insecure_skip_verify: true}") == ""
        inline = authority.file.read_text().replace("\n", "\\n")
        assert scraping(by_name(target), f'scheme: https, tls_config: {{ca: "{inline}"}}') == ""


def test_the_name_in_the_certificate_may_be_another_than_the_address(scraping: Scraping, authority: Authority) -> None:
    with FakeTarget("a 1\n", tls=serving(authority)) as target:
        keys = f"scheme: https, tls_config: {{ca_file: '{authority.file}'"
        assert "certificate" in scraping(target.address, keys + "}").lower()
        assert scraping(target.address, keys + ", server_name: localhost}") == ""


def test_a_target_may_want_our_certificate(scraping: Scraping, authority: Authority) -> None:
    with FakeTarget("a 1\n", tls=serving(authority, clients=True)) as target:
        keys = f"scheme: https, tls_config: {{ca_file: '{authority.file}'"
        assert scraping(by_name(target), keys + "}") != ""
        own = authority.issue("scraper")
        files = f", cert_file: '{own['cert_file']}', key_file: '{own['key_file']}'}}"
        assert scraping(by_name(target), keys + files) == ""


def test_files_of_passwords_and_tokens_are_read_for_each_scrape(scraping: Scraping, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("one\n")
    with FakeTarget("a 1\n") as target:
        for keys, wanted in (
            (f"bearer_token_file: '{secret}'", "Bearer one"),
            (f"authorization: {{type: Custom, credentials_file: '{secret}'}}", "Custom one"),
            ("authorization: {credentials: two}", "Bearer two"),
            (f"basic_auth: {{username: u, password_file: '{secret}'}}", "Basic dTpvbmU="),
        ):
            assert scraping(target.address, keys) == ""
            assert target.requests[-1][1]["authorization"] == wanted
        secret.write_text("three")
        scraping.again()
        scraping.again()
        assert target.requests[-1][1]["authorization"] == "Basic dTp0aHJlZQ=="
        secret.unlink()
        scraping.again()
        assert "secret can't be read" in scraping.again()


def test_a_token_is_asked_for_by_oauth2(scraping: Scraping) -> None:
    with FakeTarget("a 1\n") as target, FakeTarget('{"access_token": "t1", "expires_in": 3600}') as tokens:
        keys = (
            f"oauth2: {{client_id: id, client_secret: s, scopes: [x, y], token_url: 'http://{tokens.address}/token', "
            "endpoint_params: {audience: z}}"
        )
        scraping(target.address, keys)
        assert scraping.again() == ""
        assert target.requests[-1][1]["authorization"] == "Bearer t1"
        path, headers = tokens.requests[0]
        assert (path, headers["authorization"]) == ("/token", "Basic aWQ6cw==")
        asked = parse_qs(tokens.bodies[0].decode())
        assert asked == {"grant_type": ["client_credentials"], "scope": ["x y"], "audience": ["z"]}


def test_without_a_token_the_target_is_down_and_says_why(scraping: Scraping) -> None:
    with FakeTarget("a 1\n") as target, FakeTarget("no such client") as tokens:
        tokens.set("no such client", status=401)
        scraping(target.address, f"oauth2: {{client_id: id, token_url: 'http://{tokens.address}/token'}}")
        error = scraping.again()
        assert "no token" in error
        assert "401: no such client" in error
        assert not target.requests


def test_redirects_are_an_error_where_they_are_not_followed(scraping: Scraping) -> None:
    with FakeTarget("a 1\n") as target, FakeTarget() as first:
        first.set("", status=302, location=f"http://{target.address}/there")
        assert "302" in scraping(first.address, "follow_redirects: false")
        assert not target.requests
        assert scraping(first.address) == ""


def test_a_proxy_is_gone_through(scraping: Scraping) -> None:
    with FakeTarget("a 1\n") as proxy:
        assert scraping("target.example:9100", f"proxy_url: 'http://{proxy.address}'") == ""
        assert proxy.requests[0][0] == "http://target.example:9100/metrics"
        assert scraping("target.example:9100", f"proxy_url: 'http://{proxy.address}', no_proxy: target.example") != ""


def test_headers_are_sent_as_they_are_written(scraping: Scraping, tmp_path: Path) -> None:
    file = tmp_path / "header"
    file.write_text("f")
    with FakeTarget("a 1\n") as target:
        assert (
            scraping(target.address, f"http_headers: {{X-One: {{values: [v], secrets: [s], files: ['{file}']}}}}") == ""
        )
        assert target.requests[-1][1]["x-one"]
