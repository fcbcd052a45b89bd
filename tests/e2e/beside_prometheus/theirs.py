"""A Prometheus that runs beside us."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...peers.conftest import free_port

PROMETHEUS = Path("~/.cache/otelier/bench/peers/prometheus").expanduser()


@contextmanager
def prometheus(folder: Path, config: str, *flags: str, data: Path | None = None) -> Iterator[str]:
    """A running one with that configuration; its URL. `folder` is new; the data are in it unless it is said where."""
    folder.mkdir()
    (folder / "prometheus.yml").write_text(config)
    port = free_port()
    given = [f"--web.listen-address=127.0.0.1:{port}", f"--config.file={folder / 'prometheus.yml'}", *flags]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [PROMETHEUS, *given, f"--storage.tsdb.path={data or folder / 'data'}"], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/-/ready")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_ready(url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(url)
