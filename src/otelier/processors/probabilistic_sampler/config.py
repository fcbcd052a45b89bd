"""Keys of `probabilistic_sampler`."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from ...component import Config


class ProbabilisticSamplerConfig(Config):
    sampling_percentage: Annotated[float, Meta(ge=0)] = 0.0
    """How much stays: 100 and more is all, 0 is only what its priority lets stay."""
    mode: Literal["hash_seed", "proportional", "equalizing", ""] = ""
    """`hash_seed`, also if it isn't set: by a hash of the trace id, which only telemetry that nobody has sampled before
    passes. `proportional`: this percentage of what comes, by the randomness that OpenTelemetry specifies for trace
    ids. `equalizing`: by the same, but what was sampled before is sampled only as much more as is missing."""
    hash_seed: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    """Of the hash. Collectors side by side need the same, collectors behind each other different ones."""
    fail_closed: bool = True
    """What has no randomness, or says something that can't be about how it was sampled, is left out; otherwise it
    stays."""
    sampling_precision: Annotated[int, Meta(ge=1, le=14)] = 4
    """Hexadecimal digits of the thresholds that are written down."""
    attribute_source: Literal["traceID", "record"] = "traceID"
    """Log records in the mode `hash_seed`: what is hashed, the trace id if there is one, or always `from_attribute`."""
    from_attribute: str = ""
    """Log records in the mode `hash_seed`: the attribute that is hashed where the trace id is not; text, bytes, a
    number or a boolean."""
    sampling_priority: str = ""
    """Log records: an attribute whose number, above 0 and up to 100, is the percentage for that record. For spans it
    is always `sampling.priority`: 0 leaves the span out, more makes it stay."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """An attribute that has to be named."""
        if self.attribute_source == "record" and not self.from_attribute:
            yield "from_attribute", "must name an attribute, because attribute_source is `record`"
