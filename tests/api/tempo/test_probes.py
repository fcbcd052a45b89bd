"""What is asked before anything else."""

import otelier


def test_grafana_s_save_and_test_hears_its_echo(tempo):
    answer = tempo.get("/api/echo")
    assert (answer.status, answer.body) == (200, b"echo")


def test_it_is_ready_and_says_what_it_is(tempo):
    assert (tempo.get("/ready").status, tempo.get("/metrics").status) == (200, 200)
    assert otelier.__version__ in tempo.get("/status/version").body.decode()
    build = tempo.get("/api/status/buildinfo").json
    assert build["version"] == otelier.__version__
    assert set(build) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}


def test_a_page_of_a_stranger_can_not_read_it(tempo):
    assert tempo.get("/api/echo", Host="tempo.example.com").status == 421


def test_jaeger_s_api_and_the_ui_are_at_another_port(tempo):
    for path in ("/", "/search", "/api/services", "/api/v3/services"):
        assert tempo.get(path).status == 404


def test_a_browser_is_told_what_this_is_and_where_the_ui_is(tempo, backend):
    told = tempo.get("/").body.decode()
    assert "Otelier's Tempo API" in told
    assert f"the UI is at http://127.0.0.1:{backend.application.address[1]}\n" in told
