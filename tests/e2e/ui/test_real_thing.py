"""The product itself behind the pages: a user's first program, a shop's checkout with its logs, kill -9 in between."""

import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from ..test_first_program import PROGRAM, start
from . import answers


def post(url: str, body: Any) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def export(http: str, trace: answers.Trace) -> None:
    """By OTLP/HTTP with JSON, spans and logs."""
    post(f"http://{http}/v1/traces", trace.answer()["result"])
    records: dict[str, list[dict[str, Any]]] = {}
    for log in trace.logs:
        records.setdefault(log["service"], []).append({
            **{key: log[key] for key in ("timeUnixNano", "severityText", "severityNumber", "spanId")},
            "traceId": trace.id, "body": answers.any_value(log["body"]),
            "attributes": answers.attributes(log["attributes"]),
        })  # fmt: skip
    post(f"http://{http}/v1/logs", {"resourceLogs": [
        {"resource": {"attributes": answers.attributes({"service.name": service})}, "scopeLogs": [{"logRecords": logs}]}
        for service, logs in records.items()
    ]})  # fmt: skip


def test_the_first_program_appears_in_an_open_browser_and_outlives_kill_9(
    otelier, tmp_path: Path, open_page, picture
) -> None:
    process, url = start(otelier, tmp_path)
    page = open_page(url + "/")
    expect(page.get_by_text("Waiting for the first span")).to_be_visible()
    subprocess.run([sys.executable, "-c", PROGRAM, process.address("grpc")], check=True, timeout=60)
    result = page.locator(".result", has_text="do_work")
    expect(result).to_be_visible()
    expect(result).to_contain_text("my-python-app")
    result.get_by_role("link").click()
    page.get_by_role("row", name="do_work").click()
    expect(page.get_by_role("region", name="Details of the span")).to_contain_text("answer42")
    picture(page, "first-program")
    address = page.url.removeprefix(url)
    page.context.close()

    process.end(signal.SIGKILL)
    _, url = start(otelier, tmp_path)
    page = open_page(url + address)
    expect(page.get_by_role("region", name="Details of the span")).to_contain_text("answer42")
    page.goto(url + "/search?service=my-python-app&operation=do_work&tags=answer%3D42")
    expect(page.locator(".result", has_text="do_work")).to_be_visible()
    picture(page, "first-program-after-kill")


def test_a_checkout_is_searched_for_read_and_its_logs_with_it(otelier, tmp_path: Path, open_page, picture) -> None:
    process, url = start(otelier, tmp_path)
    http = process.address("http")
    chance, now = random.Random(11), time.time_ns()
    for i in range(18):
        start_ns = now - i * 171_000 * answers.MS - chance.randrange(10**11)
        scale = 10 ** chance.uniform(-0.9, 0.7)
        export(
            http, answers.checkout(f"{chance.getrandbits(128):032x}", fails=i % 7 == 3, scale=scale, start_ns=start_ns)
        )
    page = open_page(url + "/search")
    expect(page.locator(".result")).to_have_count(18)
    expect(page.locator(".result .bad")).not_to_have_count(0)
    picture(page, "real-search")
    page.get_by_label("Tags").fill('error=true app.payment.card_type="visa"')
    page.get_by_role("button", name="Find traces").click()
    expect(page.locator(".result")).to_have_count(3)
    page.locator(".result a").first.click()
    expect(page.get_by_role("row")).to_have_count(21)
    picture(page, "real-trace")
    page.get_by_role("row", name="charge").first.click()
    detail = page.get_by_role("region", name="Details of the span")
    expect(detail).to_contain_text("card refused: token expired")
    expect(detail).to_contain_text("bank is slow, trying again")
    picture(page, "real-span")
    page.get_by_role("button", name="Logs").click()
    expect(page.locator(".log")).to_have_count(4)
    expect(page.locator(".log").nth(1)).to_contain_text("payment")
    picture(page, "real-logs")


def test_the_servers_own_words_are_shown(otelier, tmp_path: Path, open_page, faults) -> None:
    faults.allow("responded with a status of 4")
    _, url = start(otelier, tmp_path)
    page = open_page(f"{url}/trace/{'7' * 32}")
    expect(page.get_by_text("No trace with this id is stored")).to_be_visible()
    page.goto(f"{url}/trace/zz")
    expect(page.get_by_role("alert")).to_be_visible()
