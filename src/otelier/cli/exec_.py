"""`otelier exec`: a program with the OpenTelemetry environment set, under auto-instrumentation if that is installed.

The program replaces this process, so that its exit code, its signals and its terminal are its own. Variables
that are set already stay as they are. Names and values: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

_PORTS = {"grpc": 4317, "http/protobuf": 4318, "http/json": 4318}
_GENERIC = {"main", "app", "manage", "server", "run", "wsgi", "asgi", "index", "__main__"}
_INSTALL = (
    "note: without opentelemetry-instrument the program runs as it is; for telemetry without changing its code:\n"
    "  pip install opentelemetry-distro opentelemetry-exporter-otlp && opentelemetry-bootstrap -a install"
)


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--endpoint", metavar="URL", help="Where to send to; the default is this machine, at the usual port.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def command(program: tuple[str, ...], endpoint: str | None) -> None:
    """Run a PROGRAM with its arguments so that it sends traces, metrics and logs to Otelier.

    \b
    otelier exec -- python app.py
    """
    environment = dict(os.environ) | telemetry_environment(program, os.environ, Path.cwd(), endpoint)
    instrument = instrumentation(program, os.environ.get("PATH", os.defpath))
    if instrument is None and is_python(program):
        click.echo(_INSTALL, err=True)
    words = [instrument, *program] if instrument else list(program)
    try:
        os.execvpe(words[0], words, environment)  # noqa: S606 (running it is the purpose)
    except OSError as error:
        click.echo(f"error: can't run {words[0]}: {error.strerror}", err=True)
        raise SystemExit(127 if isinstance(error, FileNotFoundError) else 126) from None


def telemetry_environment(
    program: Sequence[str], environment: Mapping[str, str], directory: Path, endpoint: str | None = None
) -> dict[str, str]:
    """The variables to add for `program`, started in `directory`."""
    protocol = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    wanted = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{_PORTS.get(protocol, 4318)}",
        "OTEL_SERVICE_NAME": service_name(program, directory),
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
    }
    if "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        del wanted["OTEL_SERVICE_NAME"]
    added = {name: value for name, value in wanted.items() if name not in environment}
    return added | ({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} if endpoint else {})


def service_name(program: Sequence[str], directory: Path) -> str:
    """`python shop/cart.py` is `cart`, `python -m shop.cart` is `shop`; a name that says nothing gives the folder's."""
    words = list(program)
    if is_interpreter(words[0]):
        words = words[1:]
        while words and words[0].startswith("-") and words[0] != "-m":
            # -W and -X take a word of their own.
            words = words[2:] if words[0] in ("-W", "-X") else words[1:]
    if not words or words[:1] == ["-m"]:
        name = words[1].partition(".")[0] if len(words) > 1 else ""
        folder = directory
    else:
        script = Path(words[0])
        name = script.stem if script.suffix in (".py", ".pyz", ".js", ".rb", ".jar") else ""
        folder = (directory / script).resolve().parent if name else directory
    return folder.name or "app" if name.lower() in _GENERIC or not name else name


def instrumentation(program: Sequence[str], path: str) -> str | None:
    """The `opentelemetry-instrument` that belongs to a Python program; None if there is none or it is no Python."""
    if not is_python(program, path):
        return None
    found = shutil.which(program[0], path=path)
    beside = Path(found).parent / "opentelemetry-instrument" if found else None
    if beside and os.access(beside, os.X_OK):
        return str(beside)
    # A virtual environment's Python brings its own; another one's would run the program with another Python.
    return (
        None
        if beside and is_interpreter(program[0]) and os.sep in program[0]
        else shutil.which("opentelemetry-instrument", path=path)
    )


def is_python(program: Sequence[str], path: str | None = None) -> bool:
    """Whether it is a Python interpreter, or a script that names one in its first line."""
    if is_interpreter(program[0]):
        return True
    found = shutil.which(program[0], path=path)
    if not found:
        return False
    try:
        with Path(found).open("rb") as file:
            first = file.readline(200)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def is_interpreter(word: str) -> bool:
    """Whether the word is `python`, `python3.12`, or a path to one."""
    return Path(word).name.rstrip("0123456789.") == "python"
