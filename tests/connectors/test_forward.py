"""`forward` hands on what comes, and its sender hears what became of it."""

import pytest

from otelier.component import Retryable
from otelier.connectors.forward import Forward, ForwardConfig
from otelier.telemetry import SIGNALS
from otelier.testing import MemoryExporter, component_context, items


@pytest.mark.parametrize("signal", SIGNALS)
def test_batches_go_on_as_they_are(signal):
    forward = Forward(ForwardConfig(), component_context("forward", signal=signal, output_signal=signal))
    forward.next = MemoryExporter()
    batch = items(signal, 3)
    forward.consume(batch)
    assert forward.next.batches == [batch]
    forward.next.fail_with(Retryable("busy"))
    with pytest.raises(Retryable, match="busy"):
        forward.consume(batch)
