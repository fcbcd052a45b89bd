"""Settings of servers: what contradicts itself is told, and what the native server is told is what was set."""

from typing import Any

import pytest

from otelier.component import Duration, Secret
from otelier.server.grpc import (
    GrpcServerSettings,
    KeepaliveEnforcementPolicy,
    KeepaliveServerParameters,
    KeepaliveServerSettings,
)
from otelier.server.http import CorsSettings, HttpServerSettings
from otelier.server.listen import grpc_options, http_options, otlp_http_options
from otelier.server.settings import AuthSettings, ServerSettings
from otelier.server.tls import CIPHER_SUITES, TlsServerSettings

FILES = {"cert_file": "server.pem", "key_file": "server.key"}


@pytest.mark.proves(
    "server.TlsServerSettings.curve_preferences",
    "server.ServerSettings.middlewares",
    "server.AuthSettings.{authenticator,request_params}",
)
@pytest.mark.parametrize(
    ("settings", "path", "problem"),
    [
        (ServerSettings(endpoint="localhost"), "endpoint", "such as localhost:4317"),
        (ServerSettings(endpoint=":1", auth=AuthSettings(authenticator="oidc")), "auth", "no extension"),
        (ServerSettings(endpoint=":1", middlewares=({},)), "middlewares", "remove the key"),
        (HttpServerSettings(endpoint=":1", idle_timeout=Duration(-1)), "idle_timeout", "negative"),
        (CorsSettings(allowed_origins=("https://*.*",)), "allowed_origins", "more than one *"),
        (
            GrpcServerSettings(
                endpoint=":1",
                keepalive=KeepaliveServerSettings(enforcement_policy=KeepaliveEnforcementPolicy(min_time=Duration(-1))),
            ),
            "keepalive.enforcement_policy.min_time",
            "negative",
        ),
        (TlsServerSettings(cert_file="a"), "key_file", "needs cert_file and key_file"),
        (TlsServerSettings(**FILES, key_pem=Secret("x")), "key_pem", "either key_file or key_pem"),
        (TlsServerSettings(**FILES, min_version="1.3", max_version="1.2"), "max_version", "below min_version"),
        (TlsServerSettings(**FILES, client_ca_file_reload=True), "client_ca_file_reload", "needs client_ca_file"),
        (TlsServerSettings(**FILES, cipher_suites=("TLS_RSA_WITH_RC4_128_SHA",)), "cipher_suites", CIPHER_SUITES[0]),
        (TlsServerSettings(**FILES, curve_preferences=("X25519",)), "curve_preferences", "remove the key"),
        (TlsServerSettings(**FILES, reload_interval=Duration(-1)), "reload_interval", "negative"),
    ],
)
def test_what_can_not_be_is_a_problem_at_its_key(settings: Any, path: str, problem: str):
    ((found, text),) = settings.problems()
    assert found == path
    assert problem in text


@pytest.mark.parametrize("settings", [GrpcServerSettings(endpoint=":1"), HttpServerSettings(endpoint="localhost:1")])
def test_defaults_have_no_problems(settings: ServerSettings):
    assert not list(settings.problems())
    assert not list(TlsServerSettings(**FILES).problems())


@pytest.mark.parametrize(
    ("endpoint", "warned"),
    [(":4317", True), ("0.0.0.0:4317", True), ("10.0.0.1:4317", True), ("localhost:4317", False), ("[::1]:1", False)],
)
def test_an_endpoint_that_others_reach_is_warned_about_unless_clients_must_prove_themselves(
    endpoint: str, warned: bool
):
    assert bool(list(ServerSettings(endpoint=endpoint).warnings())) is warned
    tls = TlsServerSettings(**FILES, client_ca_file="ca.pem")
    assert not list(ServerSettings(endpoint=endpoint, tls=tls).warnings())
    assert bool(list(ServerSettings(endpoint=endpoint, tls=TlsServerSettings(**FILES)).warnings())) is warned


def test_grpc_settings_reach_the_server():
    parameters = KeepaliveServerParameters(max_connection_age=Duration(60), max_connection_age_grace=Duration(5))
    options = grpc_options(
        GrpcServerSettings(
            endpoint="[::1]:4317",
            max_recv_msg_size_mib=16,
            max_concurrent_streams=7,
            include_metadata=True,
            keepalive=KeepaliveServerSettings(server_parameters=parameters),
        ),
        ["traces"],
    )
    assert (options["kind"], options["host"], options["port"], options["include_metadata"]) == (
        "grpc",
        "::1",
        4317,
        True,
    )
    assert options["paths"] == {"traces": "/v1/traces", "metrics": None, "logs": None}
    assert options["limits"] == {"max_message_bytes": 16 * 2**20, "max_concurrent_streams": 7}
    assert options["keepalive"]["max_connection_age_s"] == 60
    assert options["keepalive"]["max_connection_age_grace_s"] == 5
    assert options["keepalive"]["time_s"] == 7200


def test_http_settings_reach_the_server():
    options = otlp_http_options(
        HttpServerSettings(
            endpoint=":4318",
            max_request_body_size=99,
            read_header_timeout=Duration(1),
            read_timeout=Duration(2),
            write_timeout=Duration(3),
            idle_timeout=Duration(4),
            keep_alives_enabled=False,
            compression_algorithms=("gzip",),
            response_headers={"x-a": Secret("b")},
            cors=CorsSettings(allowed_origins=("*",), max_age=9),
        ),
        {"traces": "v1/t", "logs": "/v1/l"},
    )
    assert (options["kind"], options["host"], options["port"]) == ("otlp_http", "", 4318)
    assert options["paths"] == {"traces": "/v1/t", "metrics": None, "logs": "/v1/l"}
    assert options["limits"] == {
        "max_message_bytes": 99,
        "header_timeout_s": 1,
        "read_timeout_s": 2,
        "answer_timeout_s": 3,
        "idle_timeout_s": 4,
    }
    assert options["response_headers"] == {"x-a": "b"}
    assert options["cors"]["max_age"] == 9
    assert options["compression_algorithms"] == ("gzip",)
    assert options["keep_alives_enabled"] is False


def test_tls_settings_reach_the_server_and_client_authorities_are_read_again_when_asked():
    tls = TlsServerSettings(cert_pem=Secret("c"), key_pem=Secret("k"), client_ca_file="ca", client_ca_file_reload=True)
    options = http_options(HttpServerSettings(endpoint=":1", tls=tls))["tls"]
    assert (options["cert_pem"], options["key_pem"], options["client_ca_file"]) == ("c", "k", "ca")
    assert options["reload_interval_s"] > 0
    tls = TlsServerSettings(**FILES, reload_interval=Duration(60))
    assert http_options(HttpServerSettings(endpoint=":1", tls=tls))["tls"]["reload_interval_s"] == 60
