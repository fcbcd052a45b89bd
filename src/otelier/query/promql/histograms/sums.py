"""Sums and means of many histograms, with Neumaier's compensation of what each addition loses."""

import math
from dataclasses import dataclass, field, replace

from .arithmetic import add, at_schema, divided, joint_hint, met, overflown, scaled
from .model import Buckets, Histogram, compact


def compensated(value: float, total: float, lost: float) -> tuple[float, float]:
    """Neumaier's step: the sum and what was lost so far."""
    new = total + value
    if math.isinf(new):
        return new, 0.0
    if abs(total) >= abs(value):
        return new, lost + ((total - new) + value)
    return new, lost + ((value - new) + total)


@dataclass(slots=True)
class Total:
    """A running sum or, where that would overflow, a running mean. Raises IncompatibleSchemas on a misfit."""

    mean: bool
    _sum: Histogram | None = None
    _lost: Histogram = field(default_factory=Histogram)
    _number: int = 0
    _incremental: bool = False
    reconciled: bool = False
    hints: set[str] = field(default_factory=set[str])

    def add(self, histogram: Histogram) -> None:
        """One more."""
        self._number += 1
        self.hints.add(histogram.hint)
        if self._sum is None:
            self._sum = histogram
            self._lost = Histogram(histogram.schema, bounds=histogram.bounds, zero_threshold=histogram.zero_threshold)
            return
        if not self._incremental:
            total, lost = self._added(self._sum, self._lost, histogram)
            if not (self.mean and overflown(total)):
                self._sum, self._lost = total, lost
                return
            self._incremental = True
            self._sum = divided(self._sum, self._number - 1)
            self._lost = divided(self._lost, self._number - 1)
        share = (self._number - 1) / self._number
        self._sum, self._lost = self._added(
            scaled(self._sum, share), scaled(self._lost, share), divided(histogram, self._number)
        )

    def result(self) -> Histogram | None:
        """The sum or the mean; None of nothing."""
        if self._sum is None:
            return None
        if not self.mean or self._incremental:
            total, lost = self._sum, self._lost
        else:
            total, lost = divided(self._sum, self._number), divided(self._lost, self._number)
        return replace(add(total, lost.hinted(total.hint)).histogram, hint=total.hint)

    @property
    def collision(self) -> bool:
        """Some had a reset, some had none."""
        return {"reset", "not_reset"} <= self.hints

    def _added(self, total: Histogram, lost: Histogram, histogram: Histogram) -> tuple[Histogram, Histogram]:
        hint, _ = joint_hint(total.hint, histogram.hint)
        one, other, reconciled = met(total, histogram)
        self.reconciled = self.reconciled or reconciled
        gone, _, _ = met(at_schema(lost, one.schema), one)
        count, lost_count = compensated(other.count, one.count, gone.count)
        total_sum, lost_sum = compensated(other.sum, one.sum, gone.sum)
        zero, lost_zero = compensated(other.zero_count, one.zero_count, gone.zero_count)
        positive, lost_positive = _buckets(one.positive, other.positive, gone.positive)
        negative, lost_negative = _buckets(one.negative, other.negative, gone.negative)
        return (
            replace(
                one, count=count, sum=total_sum, zero_count=zero, positive=positive, negative=negative, hint=hint
            ),
            replace(
                one, count=lost_count, sum=lost_sum, zero_count=lost_zero,
                positive=lost_positive, negative=lost_negative, hint=hint,
            ),
        )  # fmt: skip


def _buckets(total: Buckets, more: Buckets, lost: Buckets) -> tuple[Buckets, Buckets]:
    sums: dict[int, float] = {}
    gone: dict[int, float] = {}
    for index in {**total, **more, **lost}:
        sums[index], gone[index] = compensated(more.get(index, 0.0), total.get(index, 0.0), lost.get(index, 0.0))
    return compact(sums), compact(gone)
