"""The public compliance tests of remote write receivers, as their authors wrote them, against our port.

`make conformance-remote-write` builds them (github.com/prometheus/compliance) and runs this.
"""

import subprocess
from pathlib import Path

import pytest

from ..test_metrics import configuration

pytestmark = pytest.mark.slow
SUITE = Path("~/.cache/otelier/bench/peers/remote-write-compliance").expanduser()


def test_every_public_compliance_test_passes(otelier, tmp_path: Path) -> None:
    if not SUITE.exists():
        pytest.skip("the compliance tests are not built: make conformance-remote-write")
    running = otelier("run", "--config", configuration(tmp_path / "data")).ready()
    url = running.until(r"Prometheus's API at (\S+)")[1]
    config = tmp_path / "config.yml"
    config.write_text(f"remote_write: [{{name: otelier, url: '{url}/api/v1/write'}}]\n")
    environment = {"PROMETHEUS_RW2_COMPLIANCE_CONFIG_FILE": str(config), "HOME": str(tmp_path)}

    def run(*words: str) -> str:
        done = subprocess.run(
            [SUITE, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        return done.stdout

    names = [line for line in run("-test.list", ".").splitlines() if line.startswith("Test")]
    assert len(names) > 30
    # One process each: a process keeps a connection open for each of its requests.
    wrong = {name: out for name in names if not (out := run("-test.run", f"^{name}$")).endswith("PASS\n")}
    assert wrong == {}
    assert running.end() == 0
