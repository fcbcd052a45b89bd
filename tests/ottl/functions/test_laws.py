"""Laws that hold for all values: what is written can be read back, and hashes are those of other implementations."""

import base64
import hashlib
import json
import math

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import Pattern
from otelier.ottl.functions.edit_xml import remove_xml
from otelier.ottl.functions.registry import FUNCTIONS
from otelier.ottl.values import Time, TimeSpan

from .evaluation import frame_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NS = st.integers(0, 4 * 10**18)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def call(name, *arguments, **named):
    return FUNCTIONS[name].call(*arguments, **named)


@given(st.dictionaries(TEXT, VALUES))
def test_json_is_read_as_it_was_written(value):
    assert call("ParseJSON", json.dumps(value)) == value
    assert call("ParseJSON", call("String", value)) == value


@given(st.lists(TEXT, min_size=1), TEXT.filter(len))
def test_split_undoes_concat(parts, delimiter):
    parts = [part.replace(delimiter, "") for part in parts]
    joined = call("Concat", parts, delimiter)
    assert call("Concat", call("Split", joined, delimiter), delimiter) == joined


@given(TEXT, st.sampled_from(["base64", "base64-raw", "base64-url", "base64-raw-url"]))
def test_base64_is_decoded_as_it_was_encoded(text, variant):
    encoded = call("Base64Encode", text, variant)
    assert call("Decode", encoded, variant) == text
    assert call("Base64Decode", base64.b64encode(text.encode()).decode()) == text


@given(TEXT)
def test_hashes_are_those_of_others(text):
    data = text.encode()
    for name in ("MD5", "SHA1", "SHA256", "SHA512"):
        assert call(name, text) == hashlib.new(name.lower(), data).hexdigest()
    assert call("XXH3", text) == xxhash.xxh3_64(data).hexdigest()
    assert call("XXH128", text) == xxhash.xxh3_128(data).hexdigest()
    assert call("Hex", text) == data.hex()


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        # Published vectors of MurmurHash3, written lowest byte first.
        ("hello", "47fa8b24", "029bbd41b3a7d8cb191dae486a901e5b"),
        ("The quick brown fox jumps over the lazy dog", "23f74f2e", "6c1b07bc7bbc4be347939ac4a93c437a"),
    ],
)
def test_murmur3_gives_known_hashes(text, short, long):
    assert call("Murmur3Hash", text) == short
    assert call("Murmur3Hash128", text) == long


@given(NS, st.sampled_from([0, 9 * 3600, -(3 * 3600 + 1800)]))
def test_a_time_is_read_as_it_was_written(ns, offset):
    written = call("FormatTime", Time(ns, offset), "%Y-%m-%dT%H:%M:%S.%s%z")
    read = call("Time", frame_of(), written, "%Y-%m-%dT%H:%M:%S.%s%z")
    assert (read.ns, read.offset_s) == (ns, offset)
    assert call("Unix", *divmod(ns, 10**9)).ns == call("UnixNano", Time(ns, offset)) == ns


@given(st.integers(-(1 << 62), 1 << 62))
def test_a_duration_is_read_as_it_was_written(ns):
    assert call("Duration", call("Format", "%v", [TimeSpan(ns)])) == TimeSpan(ns)


@given(st.dictionaries(st.text("abcxyz", min_size=1), st.text("abc =\"'"), min_size=1))
def test_pairs_have_no_keys_of_their_own(entries):
    plain = {key: value.replace('"', "").replace("'", "").strip() for key, value in entries.items()}
    assert call("ParseKeyValue", call("ToKeyValueString", plain, "=", ",", True), "=", ",").keys() == plain.keys()


@given(st.lists(st.text(st.characters(exclude_characters='"\r\n', exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_a_csv_row_is_read_as_it_was_written(fields):
    names = [f"f{n}" for n in range(len(fields))]
    row = ",".join(f'"{field}"' for field in fields)
    assert list(call("ParseCSV", row, ",".join(names)).values()) == fields


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_read_as_it_was_formatted(number):
    assert call("Double", call("Format", "%v", [number])) == number
    assert math.isclose(float(call("Format", "%.3e", [number])), float(f"{number:.3e}"))


@given(TEXT)
def test_an_attribute_of_xml_keeps_its_text(text):
    text = "".join(c for c in text if c.isprintable())
    document = remove_xml("<a/>", "/nothing")
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    written = remove_xml(f'<a b="{text}"></a>', "/nothing")
    assert document == "<a></a>"
    assert remove_xml(written, "/nothing") == written


@given(TEXT)
def test_a_quoted_pattern_matches_the_text_itself(text):
    text = text.replace("\\E", "")
    pattern = Pattern(rf"\A\Q{text}\E\z" if not text.endswith("\\") else r"\A\Q" + text)
    assert pattern.search(text)
    assert pattern.replace_all(text, "$$") == "$"


def test_a_pattern_says_where_it_is_wrong():
    with pytest.raises(ValueError, match=r"character 2"):
        Pattern("ab(c")
