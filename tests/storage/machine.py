"""What happens to any engine over a disk: time passes, segments are merged, the disk fails, the power goes."""

import errno
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from otelier.testing import FakeClock, losing_disk

TENANTS = ("default", "acme")
_FAILING = (
    "write log/", "sync log/", "write segments/", "sync segments/", "write manifest", "sync manifest", "deletions",
    "create", "rename", "unlink", "sync_dir",
)  # fmt: skip


class EngineMachine(RuleBasedStateMachine):
    """To be given an engine by `reopen`, and rules that write, flush, and say what must be readable."""

    engine: Any

    def make_disk(self) -> None:
        self.disk, self.clock, self.number = losing_disk(), FakeClock(), 0

    def reopen(self) -> None:
        """Raises OSError where a failure was still to come."""
        raise NotImplementedError

    def after_power_loss(self) -> None:
        """What was acknowledged may be less now, if the durability says so."""

    @rule(seconds=st.sampled_from([0.5, 3, 40, 310]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def merge(self) -> None:
        try:
            self.engine.compact()
        except OSError:
            return

    @rule(operation=st.sampled_from(_FAILING), nth=st.integers(1, 4), code=st.sampled_from([errno.ENOSPC, errno.EIO]))
    def fail_soon(self, operation: str, nth: int, code: int) -> None:
        self.disk.fail(operation, nth, code)

    @rule(seed=st.integers(0, 2**32))
    def lose_power(self, seed: int) -> None:
        self.disk.crash(seed)
        self.clock.forget_timers()
        self.open_again()
        self.after_power_loss()

    @rule()
    def stop_and_start(self) -> None:
        self.engine.close()
        self.open_again()

    def open_again(self) -> None:
        for _ in range(20):
            try:
                self.reopen()
                return
            except OSError:
                continue
        raise AssertionError("does not open again")
