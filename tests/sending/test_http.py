"""What is logged of a URL, and what a backend says about when to come again."""

import pytest

from otelier.sending.http import retry_after, without_userinfo


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:s3cr3t@127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
        ("https://a:b@c:d@host/x@y", "https://host/x@y"),
        ("http://[::1]:4318/v1/logs", "http://[::1]:4318/v1/logs"),
    ],
)
def test_a_password_in_a_url_is_not_shown(url, shown):
    assert without_userinfo(url) == shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("\u00b2", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert retry_after(text, 784_111_747) == seconds
