import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from otelier.component import ComponentID, Config, Duration, Secret
from otelier.config import ConfigError, dump, load


class Client(Config):
    endpoint: str = "https://user:hunter2@host/path"
    headers: dict[str, Secret] = {}  # noqa: RUF012
    timeout: Duration = Duration(90)
    storage: ComponentID | None = None
    other: str | UnsetType = UNSET


TREE = {
    "exporters": {
        "otlp": Client(headers={"x-tenant": Secret("hunter2"), "empty": Secret("")}, storage=ComponentID("file", "a")),
        "plain": {
            "headers": {"Authorization": "Bearer hunter2", "accept": "json"},
            "client_auth": {"username": "me", "password": "hunter2"},
            "tokens": ["hunter2", "hunter2"],
            "api_key": 123456,
            "token_url": "https://login/",
            "password_file": "/etc/password",
            "tls": {"insecure": True, "key_pem": "hunter2"},
        },
    }
}


def test_secrets_are_not_printed() -> None:
    for text in (dump(TREE), dump(TREE, as_json=True)):
        assert "hunter2" not in text
        assert "123456" not in text
    assert yaml.safe_load(dump(TREE)) == json.loads(dump(TREE, as_json=True))
    assert yaml.safe_load(dump(TREE)) == {
        "exporters": {
            "otlp": {
                "endpoint": "https://user:***@host/path",
                "headers": {"x-tenant": "***", "empty": ""},
                "timeout": "90s",
                "storage": "file/a",
            },
            "plain": {
                "headers": {"Authorization": "***", "accept": "json"},
                "client_auth": {"username": "me", "password": "***"},
                "tokens": ["***", "***"],
                "api_key": "***",
                "token_url": "https://login/",
                "password_file": "/etc/password",
                "tls": {"insecure": True, "key_pem": "***"},
            },
        }
    }


def test_secrets_are_printed_when_asked_for() -> None:
    tree = yaml.safe_load(dump(TREE, unredacted=True))
    assert tree["exporters"]["otlp"]["headers"]["x-tenant"] == "hunter2"
    assert tree["exporters"]["otlp"]["endpoint"] == "https://user:hunter2@host/path"
    assert tree["exporters"]["plain"]["api_key"] == 123456


@pytest.mark.shared
def test_a_printed_configuration_means_the_same(shared) -> None:
    for file in sorted((shared / "configs").glob("*.yaml")):
        tree = load([str(file)], env={}).tree
        assert load(["env:AGAIN"], env={"AGAIN": dump(tree)}).tree == tree


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])) | st.sampled_from(
    [
        "yes",
        "0123",
        "0o17",
        "1e3",
        "08",
        "~",
        "null",
        "a\nb\n",
        "a\nb",
        "\n",
        " a\n b",
        "${X}",
        "$$",
        "$",
        "a$b",
        "#",
        "- x",
        "é: 한",
    ]
)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(st.sampled_from(["a", "b", "yes", "1"]), trees, max_size=4))
def test_what_is_printed_is_read_as_the_same(tree: dict) -> None:
    try:
        again = load(["env:TEXT"], env={"TEXT": dump(tree, unredacted=True)}).tree
    except ConfigError as error:
        assert all("placeholder" in problem.message for problem in error.problems)
    else:
        assert again == tree
        assert json.loads(dump(tree, as_json=True, unredacted=True)) == tree
