"""Exporters' keys as people write them in YAML."""

import pytest

from otelier.config import ConfigError, decode, load
from otelier.exporters.debug import DebugConfig
from otelier.exporters.file import FileConfig
from otelier.exporters.logging import LoggingConfig
from otelier.exporters.otlp import OtlpConfig
from otelier.exporters.otlphttp import OtlpHttpConfig


def read(config_type, yaml):
    document = load([f"yaml:{yaml}"])
    return decode(config_type, document.tree, (), document)


def test_otlp_with_everything_people_set():
    config = read(
        OtlpConfig,
        """
        endpoint: backend-1:4317, backend-2:4317
        timeout: 10s
        compression: zstd
        compression_params: {level: 3}
        headers: {Authorization: Bearer abc, x-number: 7}
        tls: {insecure: true}
        keepalive: {time: 30s}
        retry_on_failure: {initial_interval: 1s, max_elapsed_time: 0}
        sending_queue: {queue_size: 150000, batch: {max_size: 10000, partition: {metadata_keys: [x-tenant]}}}
        """,
    )
    assert config.endpoints == ["backend-1:4317", "backend-2:4317"]
    assert config.timeout == 10
    assert config.headers["Authorization"].reveal() == "Bearer abc"
    assert config.headers["x-number"].reveal() == "7"
    assert config.keepalive
    assert (config.keepalive.time, config.keepalive.timeout) == (30, 10)
    assert (config.retry_on_failure.max_elapsed_time, config.retry_on_failure.multiplier) == (0, 1.5)
    assert (config.sending_queue.queue_size, config.sending_queue.num_consumers) == (150_000, 10)
    assert config.sending_queue.batch is not None
    assert (config.sending_queue.batch.min_size, config.sending_queue.batch.max_size) == (8192, 10_000)


def test_a_group_of_keys_without_keys_is_on():
    assert read(OtlpConfig, "{endpoint: 'a:1', keepalive: }").keepalive is not None
    assert read(OtlpConfig, "{endpoint: 'a:1'}").keepalive is None
    assert read(OtlpConfig, "{endpoint: 'a:1', sending_queue: {batch: }}").sending_queue.batch is not None
    assert read(DebugConfig, "{sending_queue: }").sending_queue is not None
    assert read(DebugConfig, "{verbosity: detailed}").sending_queue is None
    assert read(FileConfig, "{path: x, rotation: }").rotation is not None


def test_otlphttp_keeps_its_own_defaults():
    config = read(OtlpHttpConfig, "{endpoint: 'http://a:4318', sending_queue: {enabled: false}}")
    assert (config.timeout, config.compression, config.sending_queue.enabled) == (30, "gzip", False)


def test_directory_permissions_are_read_as_written():
    assert read(FileConfig, "{path: x, directory_permissions: 0700}").directory_permissions == "0700"


@pytest.mark.parametrize(
    ("config_type", "yaml", "words"),
    [
        (OtlpConfig, "{}", "endpoint"),
        (OtlpConfig, "{endpoint: 'a:1', sending_queue: {batch: {min_size: 9, max_size: 5}}}", "at least min_size"),
        (OtlpConfig, "{endpoint: 'a:1', auth: {authenticator: basicauth}}", "authenticator"),
        (OtlpConfig, "{endpoint: 'a:1', sending_queue: {storage: 7/}}", "is not an id"),
        (OtlpConfig, "{endpoint: 'a:1', retry_on_failur: {}}", "retry_on_failure"),
        (OtlpConfig, "{endpoint: 'a:1', read_buffer_size: -5}", "read_buffer_size"),
        (OtlpConfig, "{endpoint: 'a:1', keepalive: {time: -1s}}", "`time`: must not be negative"),
        (OtlpConfig, "{endpoint: 'a:1', tls: {reload_interval: -1s}}", "reload_interval"),
        (OtlpHttpConfig, "{endpoint: 'http://a:1', max_idle_conns: -1}", "max_idle_conns"),
        (OtlpHttpConfig, "{endpoint: 'http://a:1', idle_conn_timeout: -1s}", "idle_conn_timeout"),
        (LoggingConfig, "{loglevel: chatty}", "loglevel"),
        (DebugConfig, "{verbosity: loud}", "verbosity"),
    ],
)
def test_a_mistake_says_what_to_change(config_type, yaml, words):
    with pytest.raises(ConfigError, match=words):
        read(config_type, yaml)
