"""`prometheus.yml` as its users have it, and what is said about one that is wrong."""

from pathlib import Path

import pytest

from otelier.component import ConfigError
from otelier.scrape.config import PROTOCOLS, load_config


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "prometheus.yml"
    file.write_text(text)
    return load_config(file, {"HOME_DC": "west"})


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    return [f"{p.location.line}: {p}" for p in raised.value.problems]


@pytest.mark.shared
def test_the_users_file(shared: Path) -> None:
    jobs = load_config(shared / "configs" / "prometheus.yml").jobs()
    assert [(j.name, j.interval_s, j.timeout_s, j.config.metrics_path) for j in jobs] == [
        ("prometheus", 60, 10, "/metrics"),
        ("redis_exporter", 60, 10, "/metrics"),
    ]
    assert jobs[0].protocols == PROTOCOLS


def test_a_jobs_keys_count_before_the_global_ones(tmp_path: Path) -> None:
    config = load_config_text(
        tmp_path,
        """
        global:
          {scrape_interval: 15s, sample_limit: 10, body_size_limit: 1MB, external_labels: {dc: "${HOME_DC}", x: $$1}}
        scrape_configs:
        - {job_name: a, scrape_interval: 5s, scrape_native_histograms: true}
        - {job_name: b, sample_limit: 5, scrape_timeout: 1s500ms, metric_name_validation_scheme: legacy}
        """,
    )
    a, b = config.jobs()
    assert (a.interval_s, a.timeout_s, a.sample_limit, a.body_size_limit) == (5, 5, 10, 1 << 20)
    assert a.protocols[0] == "PrometheusProto"
    assert (b.interval_s, b.timeout_s, b.sample_limit, b.escaping) == (15, 1.5, 5, "underscores")
    assert config.global_.external_labels == {"dc": "west", "x": "$1"}


def test_names_of_files_count_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text("scrape_configs: [{job_name: more}]")
    config = load_config_text(
        tmp_path,
        """
        scrape_config_files: ["mo*.yml"]
        scrape_configs:
        - {job_name: a, bearer_token_file: token, tls_config: {ca_file: /etc/ca}, file_sd_configs: [{files: [x.json]}]}
        """,
    )
    job = config.scrape_configs[0]
    assert job.bearer_token_file == str(tmp_path / "token")
    assert job.tls_config.ca_file == "/etc/ca"
    assert job.file_sd_configs[0].files == (str(tmp_path / "x.json"),)
    assert [each.job_name for each in config.scrape_configs] == ["a", "more"]


def test_every_problem_has_its_place(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """global: {scrape_interval: 15x}
scrape_configs:
- job_name: a
  consul_sd_configs: []
- job_name: b
  static_configs: [{targets: ["http://x/y"]}]
- job_name: c
  basic_auth: {username: u}
  bearer_token: t
""",
    )
    assert len(found) == 4
    assert found[0].startswith("1:")
    assert "15s" in found[0]
    assert "file_sd_configs" in found[1]
    assert "only one of basic_auth and bearer_token" in "".join(found)
    assert "host:port" in "".join(found)


def test_two_jobs_of_one_name_and_remote_write(tmp_path: Path) -> None:
    found = "\n".join(
        problems(tmp_path, "scrape_configs: [{job_name: a}, {job_name: a}]\nremote_write: [{url: http://x}]\n")
    )
    assert "two jobs are called 'a'" in found
    assert "prometheusremotewrite exporter" in found


def load_config_text(tmp_path: Path, text: str):
    file = tmp_path / "prometheus.yml"
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    file.write_text("\n".join(line[indent:] for line in lines))
    return load_config(file, {"HOME_DC": "west"})
