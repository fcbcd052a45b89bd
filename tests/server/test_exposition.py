"""The metrics page: valid in both formats whatever the labels hold, under the names that dashboards use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import Meter
from otelier.server.exposition import IncludeExclude, Naming, wants_openmetrics, write

RESOURCE = {"service.name": "otelier", "service.instance.id": "42", "service.version": "1"}
SERVICE = {"service_name": "otelier", "service_instance_id": "42", "service_version": "1"}
BARE = Naming(with_resource_constant_labels=IncludeExclude(excluded=("*",)))


def a_meter() -> Meter:
    meter = Meter()
    meter.counter("otelcol_receiver_accepted_spans", "{span}", "Spans that\nwere taken.").add(3, receiver="otlp/2")
    meter.observe("otelcol_process_memory_rss", "gauge", "By", "Resident memory.", lambda: [({}, 7 * 2**20)])
    meter.observe("otelcol_process_uptime", "counter", "s", "Seconds since start.", lambda: [({}, 1.5)])
    sizes = meter.histogram("otelcol_processor_batch_batch_send_size", "{item}", "Items per batch.", [10, 25])
    for size in (10, 11, 400):
        sizes.record(size, processor="batch")
    return meter


def test_names_are_those_of_the_collectors_default_build(parse):
    page = parse(write(a_meter().collect(), resource=RESOURCE), "text")
    assert page["otelcol_receiver_accepted_spans"].type == "counter"
    assert page["otelcol_receiver_accepted_spans"].value(receiver="otlp/2", **SERVICE) == 3
    assert page["otelcol_receiver_accepted_spans"].help == "Spans that\nwere taken."
    assert page["otelcol_process_uptime"].value(**SERVICE) == 1.5
    assert page["target_info"].value(**SERVICE) == 1


@pytest.mark.proves("server.Naming.{without_type_suffix,without_units}")
def test_suffixes_of_type_and_unit_can_be_switched_on(parse):
    naming = Naming(without_type_suffix=False, without_units=False)
    page = parse(write(a_meter().collect(), naming=naming), "text")
    assert page["otelcol_receiver_accepted_spans_total"].value(receiver="otlp/2") == 3
    assert page["otelcol_process_uptime_seconds_total"].value() == 1.5
    assert page["otelcol_process_memory_rss_bytes"].value() == 7 * 2**20


@pytest.mark.parametrize("suffixes", [False, True])
def test_both_formats_have_the_same_sample_names(suffixes: bool):
    naming = Naming(without_type_suffix=not suffixes, without_units=not suffixes)
    metrics = a_meter().collect()
    pages = [write(metrics, naming=naming, resource=RESOURCE, openmetrics=o) for o in (False, True)]
    names = [{line.split("{")[0].split(" ")[0] for line in p.decode().splitlines() if line[0] != "#"} for p in pages]
    assert names[0] == names[1]


def test_openmetrics_calls_a_counter_without_its_suffix_unknown(parse):
    bare = parse(write(a_meter().collect(), openmetrics=True), "openmetrics")
    assert bare["otelcol_process_uptime"].type == "unknown"
    naming = Naming(without_type_suffix=False, without_units=False)
    page = parse(write(a_meter().collect(), openmetrics=True, naming=naming), "openmetrics")
    assert page["otelcol_process_uptime_seconds"].type == "counter"
    assert page["otelcol_process_uptime_seconds"].unit == "seconds"
    assert page["otelcol_process_uptime_seconds"].value("_total") == 1.5


def test_a_histogram_is_cumulative_and_ends_in_infinity(parse):
    sizes = parse(write(a_meter().collect()), "text")["otelcol_processor_batch_batch_send_size"]
    assert sizes.value("_bucket", processor="batch", le="10") == 1
    assert sizes.value("_bucket", processor="batch", le="25") == 2
    assert sizes.value("_bucket", processor="batch", le="+Inf") == 3
    assert sizes.value("_sum", processor="batch") == 421


@pytest.mark.proves("server.IncludeExclude.{included,excluded}")
def test_resource_labels_can_be_chosen(parse):
    keep = Naming(with_resource_constant_labels=IncludeExclude(included=("service.*",), excluded=("*.version",)))
    page = parse(write(a_meter().collect(), resource=RESOURCE, naming=keep), "text")
    assert page["otelcol_process_uptime"].value(service_name="otelier", service_instance_id="42") == 1.5
    page = parse(write(a_meter().collect(), resource=RESOURCE, naming=BARE), "text")
    assert page["otelcol_process_uptime"].value() == 1.5


@pytest.mark.proves("server.Naming.{without_scope_info,without_target_info}")
def test_scope_and_target_info_are_switches(parse):
    naming = Naming(without_scope_info=False, without_target_info=True)
    page = parse(write(a_meter().collect(), resource={}, naming=naming, scope=("otelier", "1.2")), "text")
    assert page["otelcol_process_uptime"].value(otel_scope_name="otelier", otel_scope_version="1.2") == 1.5
    assert "target_info" not in page


@given(
    labels=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(), max_size=5),
    value=st.floats(min_value=0),
    description=st.text(),
    openmetrics=st.booleans(),
)
def test_no_label_value_or_description_breaks_the_page(
    parse, labels: dict[str, str], value: float, description: str, openmetrics: bool
):
    meter = Meter()
    labels = {k: v.encode("utf-8", "replace").decode() for k, v in labels.items() if "\r" not in v}
    description = description.encode("utf-8", "replace").decode().replace("\r", "")
    meter.observe("x.y", "gauge", "", description, lambda: [(labels, value)])
    page = parse(write(meter.collect(), openmetrics=openmetrics), "openmetrics" if openmetrics else "text")
    ((_, shown),) = page["x_y"].samples
    assert list(page["x_y"].samples.values()) == [value]
    assert sorted(";".join(v for _, v in shown).split(";")) == sorted(";".join(labels.values()).split(";"))


def test_attributes_that_become_one_label_are_both_shown(parse):
    meter = Meter()
    meter.observe("x", "gauge", "", "", lambda: [({"a.b": "1", "a_b": "2"}, 1)])
    assert parse(write(meter.collect()), "text")["x"].value(a_b="1;2") == 1


@pytest.mark.parametrize(
    ("accept", "with_suffix", "bare"),
    [
        ("", False, False),
        ("*/*", False, False),
        ("text/plain", False, False),
        ("application/openmetrics-text", True, True),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", True, True),
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True, False),  # noqa: E501
        ("application/openmetrics-text;version=9.0.0", False, False),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", False, False),
        ("application/openmetrics-text;q=nonsense", False, False),
    ],
)  # fmt: skip
def test_the_format_follows_the_accept_header_and_text_can_tell_counters_without_a_suffix(
    accept: str, with_suffix: bool, bare: bool
):
    assert wants_openmetrics(accept) is with_suffix
    assert wants_openmetrics(accept, bare=True) is bare
