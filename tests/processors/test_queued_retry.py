"""queued_retry: old configurations run, and are told what to use instead."""

import pytest

from otelier.component import Duration, Kind
from otelier.component.registry import find
from otelier.processors.queued_retry import QueuedRetry, QueuedRetryConfig
from otelier.testing import MemoryExporter, component_context, items


@pytest.mark.proves("queued_retry.{num_workers,queue_size,retry_on_failure,backoff_delay}")
def test_it_hands_on_what_it_gets_whatever_its_keys_say():
    config = QueuedRetryConfig(num_workers=4, queue_size=1, retry_on_failure=False, backoff_delay=Duration(60))
    processor = QueuedRetry(config, component_context("queued_retry"))
    processor.next = MemoryExporter()
    processor.start()
    processor.consume(items("traces", 3))
    assert processor.next.items == 3
    processor.stop(0)


def test_users_are_told_what_to_use_instead():
    registration = find(Kind.PROCESSOR, "queued_retry")
    assert registration
    assert "sending_queue and retry_on_failure" in registration.replaced_by


def test_a_negative_delay_is_a_configuration_error():
    [(path, _)] = QueuedRetryConfig(backoff_delay=Duration(-1)).problems()
    assert path == "backoff_delay"
