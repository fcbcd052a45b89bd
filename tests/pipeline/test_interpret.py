"""Every rule of the Collector's validation, each problem at its line, all at once."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otelier.component import ConfigError

HEAD = """
receivers: {in: , traces_in: }
processors: {keep: , keep/2: }
exporters: {out: , out/2: }
connectors: {link: }
extensions: {ext: }
service:
"""


def problems(world, text):
    with pytest.raises(ConfigError) as caught:
        world.plan(text)
    return [(p.location.line, p.message, p.hint) for p in caught.value.problems]


def said(world, pipelines):
    found = problems(world, HEAD + "  pipelines:\n" + pipelines)
    return [message for _, message, _ in found], [hint for *_, hint in found]


@pytest.mark.parametrize(
    ("pipelines", "message", "hint"),
    [
        ("    traces: {receivers: [inn], exporters: [out]}", "receiver `inn` is not defined", "did you mean `in`?"),
        ("    traces: {receivers: [other], exporters: [out]}", "receiver `other` is not defined", "define it under"),
        ("    traces: {receivers: [keep], exporters: [out]}", "`keep` is a processor, not a receiver", "`processors`"),
        ("    traces: {receivers: [], exporters: [out]}", "pipeline `traces` has no receivers", "at least one"),
        ("    traces: {receivers: [in]}", "pipeline `traces` has no exporters", "at least one"),
        (
            "    traces: {receivers: [in], processors: [keep, keep/2, keep], exporters: [out]}",
            "`keep` is named twice in `processors`",
            "remove one",
        ),
        (
            "    logs: {receivers: [traces_in], exporters: [out]}",
            "receiver traces_in can't be in a logs pipeline",
            "it takes traces",
        ),
        ("    traces: {receivers: [in], exporters: [link]}", "connector link is used as an exporter only", "receivers"),
        ("    traces: {receivers: [link], exporters: [out]}", "connector link is used as a receiver only", "exporters"),
        ("    spans: {receivers: [in], exporters: [out]}", "`spans` is not a signal", "traces, metrics or logs"),
        ("    profiles: {receivers: [in], exporters: [out]}", "profiles are not supported yet", "remove"),
        ("    traces/: {receivers: [in], exporters: [out]}", "is not an id", ""),
        ("    traces: {receivers: [in/], exporters: [out]}", "is not an id", ""),
        ("    {}", "no pipeline is defined", "at least one"),
    ],
)
def test_a_pipeline_that_makes_no_sense_is_refused_with_what_to_do(world, pipelines, message, hint):
    messages, hints = said(world, pipelines)
    assert len(messages) == 1
    assert message in messages[0]
    assert hint in hints[0]


def test_a_connector_must_be_able_to_turn_the_one_signal_into_the_other(world):
    messages, hints = said(
        world,
        "    logs: {receivers: [in], exporters: [link]}\n    metrics: {receivers: [link], exporters: [out]}",
    )
    assert messages == [
        "connector link can't connect pipeline `logs` with `metrics`",
        "connector link can't connect pipeline `metrics` with `logs`",
    ]
    assert "traces to metrics" in hints[0]


def test_a_cycle_of_connectors_is_printed(world):
    messages, _ = said(
        world,
        "    traces/a: {receivers: [in, link], exporters: [link]}",
    )
    assert messages == ["pipelines form a cycle: traces/a → link → traces/a"]


def test_a_longer_cycle_is_found_once_and_what_leads_to_it_is_not_part_of_it(world):
    found = problems(
        world,
        """
receivers: {in: }
exporters: {out: }
connectors: {link/1: , link/2: , link/3: }
service:
  pipelines:
    traces: {receivers: [in], exporters: [link/1]}
    traces/b: {receivers: [link/1, link/3], exporters: [link/2, out]}
    traces/c: {receivers: [link/2], exporters: [link/3]}
""",
    )
    assert found == [
        (8, "pipelines form a cycle: traces/b → link/2 → traces/c → link/3 → traces/b", "a batch would never leave it")
    ]


def test_all_problems_of_a_file_come_at_once_each_with_its_line(world):
    found = problems(
        world,
        """
receivers:
  in: {fial: x}
  inn:
processors:
  tail_sampling:
  exporters:
exporters:
  in:
extentions:
service:
  extensions: [ext]
  pipelines:
    traces: {receivers: [in, inn, nowhere], processors: [tail_sampling], exporters: [in]}
""",
    )
    assert [line for line, _, _ in found] == [3, 4, 6, 7, 9, 10, 12, 14]
    text = " ".join(message for _, message, _ in found)
    for each in (
        "fial",
        "unknown receiver type `inn`",
        "the Collector's processor `tail_sampling` is not in Otelier yet",
        "unknown processor type `exporters`",
        "`in` is not an exporter but a receiver",
        "unknown key `extentions`",
        "extension `ext` is not defined",
        "receiver `nowhere` is not defined",
    ):
        assert each in text
    assert found[1][2] == "did you mean `in`?"


def test_both_spellings_of_a_type_name_the_same_component(world):
    plan = world.plan("""
receivers: {in_put/a: }
exporters: {out/x: }
service: {pipelines: {traces: {receivers: [in/a], exporters: [out_put/x]}}}
""")
    (pipeline,) = plan.pipelines
    assert [str(d.id) for d in (*pipeline.receivers, *pipeline.exporters)] == ["in_put/a", "out/x"]
    assert plan.unused == ()


def test_one_component_defined_in_both_spellings_is_refused(world):
    (found,) = problems(
        world,
        """
receivers:
  in/a:
  in_put/a:
exporters: {out: }
service: {pipelines: {traces: {receivers: [in/a], exporters: [out]}}}
""",
    )
    assert found == (4, "`in_put/a` is the same receiver as `in/a`", "keep one of the two spellings")


def test_an_id_that_is_a_receiver_and_a_connector_is_refused_where_it_is_named(world):
    found = problems(
        world,
        """
receivers: {link: }
exporters: {out: }
connectors: {link: }
service: {pipelines: {traces: {receivers: [link], exporters: [out]}}}
""",
    )
    assert "`link` is not a receiver but a connector" in found[0][1]


def test_what_is_not_used_is_allowed_and_known(world):
    plan = world.plan(HEAD + "  pipelines: {traces: {receivers: [in], exporters: [out]}}")
    assert {str(declared) for declared in plan.unused} == {
        "receiver traces_in",
        "processor keep",
        "processor keep/2",
        "exporter out/2",
        "connector link",
        "extension ext",
    }


def test_what_upstream_removed_runs_with_one_warning_that_says_what_it_became(world):
    plan = world.plan("""
receivers: {in: }
processors: {old: }
exporters: {out: }
service:
  pipelines:
    traces: {receivers: [in], processors: [old], exporters: [out]}
    logs: {receivers: [in], processors: [old], exporters: [out]}
""")
    (warning,) = plan.warnings
    assert "removed the processor `old`" in warning.message
    assert "use `keep` instead" in str(warning)


def test_without_service_nothing_runs_and_other_problems_are_still_told(world):
    found = problems(world, "receivers: {inn: }")
    assert {message.split(":")[0] for _, message, _ in found} == {"unknown receiver type `inn`", "nothing is to be run"}


@pytest.mark.parametrize(
    ("telemetry", "words"),
    [
        ("{metrics: {level: loud}}", "`loud` is no level"),
        ("{logs: {level: shout}}", "`shout` is no log level"),
        ("{metrics: {readers: [{pull: {exporter: {prometheus: {port: 70000}}}}]}}", "65535"),
        ("{metrics: {readers: [{}]}}", "either `pull` or `periodic`"),
        ("{metrics: {adress: ':8888'}}", "adress"),
        ("{metrics: {address: 'nowhere'}}", "has no port"),
    ],
)
def test_own_telemetry_is_checked_like_everything_else(world, telemetry, words):
    text = HEAD + "  telemetry: " + telemetry + "\n  pipelines: {traces: {receivers: [in], exporters: [out]}}"
    (found,) = problems(world, text)
    assert found[0] == 8
    assert words in found[1]


@pytest.mark.proves("service.telemetry.traces", "service.telemetry.metrics.readers.periodic")
def test_keys_without_effect_are_taken_and_said(world):
    plan = world.plan(
        HEAD
        + """
  telemetry:
    traces: {processors: []}
    metrics: {readers: [{periodic: {interval: 1000}}]}
  pipelines: {traces: {receivers: [in], exporters: [out]}}"""
    )
    assert [warning.location.line for warning in plan.warnings] == [10, 11]


WORDS = st.sampled_from(
    ["in", "out", "keep", "link", "ext", "wait", "in/a", "/", "", "traces", "logs/x", "receivers", "exporters", "level"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
SECTION = VALUES | st.dictionaries(WORDS, VALUES, max_size=4)
PIPELINE = st.fixed_dictionaries({}, optional=dict.fromkeys(("receivers", "processors", "exporters"), VALUES))
SERVICE = st.fixed_dictionaries(
    {}, optional={"extensions": VALUES, "telemetry": VALUES, "pipelines": st.dictionaries(WORDS, PIPELINE | VALUES)}
)
SECTIONS = ("receivers", "processors", "exporters", "connectors", "extensions")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.fixed_dictionaries({"service": SERVICE}, optional=dict.fromkeys(SECTIONS, SECTION)))
def test_whatever_is_written_gives_a_plan_or_problems_with_places(world, tree):
    try:
        world.plan(json.dumps(tree))
    except ConfigError as error:
        assert all(problem.location.line == 1 for problem in error.problems)
