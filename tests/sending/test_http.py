"""What is logged of a URL."""

import pytest

from otelier.sending.http import without_userinfo


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
