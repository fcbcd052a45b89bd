"""Keys that every exporter has: the Collector's defaults, and errors that say which key to change."""

import pytest

from otelier.component import ComponentID, Config, Duration, Secret
from otelier.sending import (
    BatchSettings,
    GrpcClientSettings,
    HttpClientSettings,
    PartitionSettings,
    QueueSettings,
    RetrySettings,
    SendSettings,
    TlsClientSettings,
)
from otelier.sending.clients import AuthSettings, CompressionParams


def keys_of(config: Config, *names: str):
    return tuple(getattr(config, name) for name in names)


def test_defaults_are_the_collectors():
    retry = ("enabled", "initial_interval", "randomization_factor", "multiplier", "max_interval", "max_elapsed_time")
    assert keys_of(RetrySettings(), *retry) == (True, 5, 0.5, 1.5, 30, 300)
    queue = ("enabled", "num_consumers", "queue_size", "sizer", "block_on_overflow", "wait_for_result", "batch")
    assert keys_of(QueueSettings(), *queue) == (True, 10, 1000, "requests", False, False, None)
    assert keys_of(BatchSettings(), "flush_timeout", "min_size", "max_size") == (0.2, 8192, 0)
    assert SendSettings().timeout == 5
    assert keys_of(GrpcClientSettings(endpoint="a:1"), "timeout", "compression", "balancer_name") == (
        5,
        "gzip",
        "round_robin",
    )
    assert keys_of(HttpClientSettings(), "timeout", "compression") == (30, "gzip")


@pytest.mark.proves("sending.TlsClientSettings.cipher_suites", "sending.TlsClientSettings.curve_preferences")
@pytest.mark.parametrize(
    ("config", "key"),
    [
        (RetrySettings(multiplier=-1), "multiplier"),
        (RetrySettings(randomization_factor=1.1), "randomization_factor"),
        (RetrySettings(max_interval=Duration(-1)), "max_interval"),
        (RetrySettings(max_elapsed_time=Duration(10)), "max_elapsed_time"),
        (QueueSettings(num_consumers=0), "num_consumers"),
        (QueueSettings(queue_size=0), "queue_size"),
        (QueueSettings(queue_size_bytes=0), "queue_size_bytes"),
        (QueueSettings(storage=ComponentID("file_storage"), wait_for_result=True), "wait_for_result"),
        (QueueSettings(sizer="items", batch=BatchSettings()), "batch.min_size"),
        (BatchSettings(flush_timeout=Duration(0)), "flush_timeout"),
        (BatchSettings(min_size=10, max_size=5), "max_size"),
        (PartitionSettings(metadata_keys=("a", "A")), "metadata_keys"),
        (SendSettings(timeout=Duration(-1)), "timeout"),
        (GrpcClientSettings(endpoint=""), "endpoint"),
        (GrpcClientSettings(endpoint="a:1,"), "endpoint"),
        (GrpcClientSettings(endpoint="http://a:4317/v1/traces"), "endpoint"),
        (GrpcClientSettings(endpoint="a:1", compression="lz4"), "compression"),
        (GrpcClientSettings(endpoint="a:1", balancer_name="ring"), "balancer_name"),
        (HttpClientSettings(compression="brotli"), "compression"),
        (HttpClientSettings(compression_params=CompressionParams(level=12)), "compression_params.level"),
        (
            HttpClientSettings(compression="lz4", compression_params=CompressionParams(level=1)),
            "compression_params.level",
        ),
        (HttpClientSettings(proxy_url="proxy:3128"), "proxy_url"),
        (HttpClientSettings(headers={"X Y": Secret("1")}), "headers"),
        (GrpcClientSettings(endpoint="a:1", headers={"x-token": Secret("a\nb")}), "headers.x-token"),
        (AuthSettings(authenticator="basicauth"), "authenticator"),
        (TlsClientSettings(cert_file="c.pem"), "key_file"),
        (TlsClientSettings(key_file="k.pem"), "cert_file"),
        (TlsClientSettings(ca_file="a.pem", ca_pem=Secret("b")), "ca_pem"),
        (TlsClientSettings(min_version="1.1"), "min_version"),
        (TlsClientSettings(min_version="1.3", max_version="1.2"), "max_version"),
        (TlsClientSettings(cipher_suites=("X",)), "cipher_suites"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_names_its_key(config, key):
    assert [path for path, _ in config.problems()] == [key]


@pytest.mark.parametrize(
    "config",
    [
        RetrySettings(max_elapsed_time=Duration(0)),
        QueueSettings(enabled=False, queue_size=0),
        QueueSettings(queue_size=150_000),
        QueueSettings(batch=BatchSettings()),
        GrpcClientSettings(endpoint="backend-1:4317, backend-2:4317"),
        GrpcClientSettings(endpoint="unix:///run/otlp.sock", compression="none"),
        GrpcClientSettings(endpoint="dns:///backend:4317", compression=""),
        GrpcClientSettings(endpoint="https://backend:4317"),
        TlsClientSettings(cert_file="c.pem", key_pem=Secret("k")),
    ],
    ids=str,
)
def test_what_the_collector_takes_is_taken(config):
    assert list(config.problems()) == []


def test_header_values_never_show():
    settings = GrpcClientSettings(endpoint="a:1", headers={"Authorization": Secret("Bearer abc")})
    assert "abc" not in repr(settings)
