"""From settings to a native server that listens.

The names of its options are those of `ServerOptions` in rust/transport/src/server/options.rs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from .._core import Delivery, HttpRequest, Inbox, Server
from ..component import StartError
from ..telemetry import SIGNALS, Signal
from .grpc import GrpcServerSettings
from .http import HttpServerSettings
from .ports import bind_error
from .settings import ServerSettings
from .tls import TlsServerSettings

__all__ = [
    "Delivery",
    "HttpRequest",
    "Inbox",
    "Options",
    "Server",
    "grpc_options",
    "http_options",
    "listen",
    "otlp_http_options",
]

_MIB = 2**20
_CLIENT_CA_RELOAD_S = 10.0

Options = dict[str, Any]


def grpc_options(settings: GrpcServerSettings, signals: Sequence[Signal]) -> Options:
    """OTLP/gRPC for these signals."""
    parameters = settings.keepalive.server_parameters
    return {
        **_common("grpc", settings),
        "paths": {signal: f"/v1/{signal}" if signal in signals else None for signal in SIGNALS},
        "limits": {
            "max_message_bytes": settings.max_recv_msg_size_mib * _MIB,
            "max_concurrent_streams": settings.max_concurrent_streams,
        },
        "keepalive": {
            "time_s": parameters.time,
            "timeout_s": parameters.timeout,
            "max_connection_idle_s": parameters.max_connection_idle,
            "max_connection_age_s": parameters.max_connection_age,
            "max_connection_age_grace_s": parameters.max_connection_age_grace,
        },
    }


def otlp_http_options(settings: HttpServerSettings, paths: Mapping[Signal, str]) -> Options:
    """OTLP/HTTP for these signals at these paths."""
    rooted = {signal: f"/{path.lstrip('/')}" for signal, path in paths.items()}
    return {**http_options(settings), "kind": "otlp_http", "paths": {s: rooted.get(s) for s in SIGNALS}}


def http_options(settings: HttpServerSettings) -> Options:
    """Requests that Python answers."""
    cors = settings.cors
    return {
        **_common("http", settings),
        "limits": {
            "max_message_bytes": settings.max_request_body_size,
            "header_timeout_s": settings.read_header_timeout,
            "read_timeout_s": settings.read_timeout,
            "answer_timeout_s": settings.write_timeout,
            "idle_timeout_s": settings.idle_timeout,
        },
        "response_headers": {name: value.reveal() for name, value in settings.response_headers.items()},
        "cors": msgspec.to_builtins(cors) if cors else None,
        "compression_algorithms": settings.compression_algorithms,
        "keep_alives_enabled": settings.keep_alives_enabled,
    }


def listen(options: Options, inbox: Inbox, settings: ServerSettings) -> Server:
    """Bind and serve. Raises StartError that names the endpoint, and who holds its port."""
    try:
        return Server(msgspec.json.encode(options, enc_hook=float), inbox)
    except OSError as error:
        raise StartError(bind_error(settings.endpoint, settings.address.port, error)) from error
    except ValueError as error:
        raise StartError(f"can't serve at {settings.endpoint}: {error}") from error


def _common(kind: str, settings: ServerSettings) -> Options:
    host, port = settings.address
    return {
        "kind": kind,
        "host": host,
        "port": port,
        "transport": settings.transport,
        "tls": _tls(settings.tls) if settings.tls else None,
        "include_metadata": settings.include_metadata,
    }


def _tls(tls: TlsServerSettings) -> Options:
    reload_s = float(tls.reload_interval) or (_CLIENT_CA_RELOAD_S if tls.client_ca_file_reload else 0.0)
    return {
        "cert_file": tls.cert_file,
        "cert_pem": tls.cert_pem.reveal(),
        "key_file": tls.key_file,
        "key_pem": tls.key_pem.reveal(),
        "client_ca_file": tls.client_ca_file,
        "min_version": tls.min_version,
        "max_version": tls.max_version,
        "cipher_suites": tls.cipher_suites,
        "reload_interval_s": reload_s,
    }
