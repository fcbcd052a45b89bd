"""Names from outside never lead anywhere but into their own folder."""

from pathlib import Path

import pytest

from otelier.storage.directory import check_tenant, default_data_directory
from otelier.storage.local.layout import index_of, parse_segment

GOOD = "segments/acme/logs/00001700000000000000-00000000000000ff.parquet"


@pytest.mark.parametrize("name", ["a", "team-1", "A_b", "x" * 63])
def test_names_of_tenants(name):
    assert check_tenant(name) == name


@pytest.mark.parametrize("name", ["", "../b", "a/b", "a.b", "é", "a b", "x" * 64, "a\n", "x" * 5000])
def test_what_is_no_name_is_refused_in_a_short_sentence(name):
    with pytest.raises(ValueError, match="1 to 63 letters") as refusal:
        check_tenant(name)
    assert len(str(refusal.value)) < 200


def test_a_segments_path_says_whose_it_is():
    assert parse_segment(GOOD) == ("acme", "logs")
    assert index_of(GOOD) == GOOD.replace(".parquet", ".index")


@pytest.mark.parametrize(
    "path", [GOOD + ".new", GOOD.replace("logs", "metrics"), GOOD.replace("acme", ".."), "x", index_of(GOOD)]
)
def test_other_paths_are_no_segments(path):
    assert parse_segment(path) is None


def test_the_default_directory_is_the_users_own():
    assert default_data_directory({"OTELIER_DATA_DIR": "/x", "XDG_DATA_HOME": "/y"}) == Path("/x")
    assert default_data_directory({"XDG_DATA_HOME": "/y", "HOME": "/z"}) == Path("/y/otelier")
    assert default_data_directory({"HOME": "/z"}) == Path("/z/.local/share/otelier")
