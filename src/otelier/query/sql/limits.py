"""What one statement may take."""

from dataclasses import dataclass

from ..errors import TooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one statement. What would need more ends with an error: an answer from a part of the spans would be wrong."""

    time_s: float = 30.0
    """For reading, and again for running; then its process is killed."""
    spans: int = 10_000_000
    """That are read."""
    records: int = 1_000_000
    """Log records that are read."""
    samples: int = 10_000_000
    """Samples of metrics that are read."""
    bytes: int = 2**30
    """Of the columns that are read, in memory."""
    memory_mb: int = 1024
    """That DuckDB may use besides."""
    threads: int = 2
    """That DuckDB may use."""
    rows: int = 100_000
    """Of an answer in JSON or CSV."""
    arrow_rows: int = 5_000_000
    """Of an answer in Arrow."""
    answer_bytes: int = 2**28
    """Of the answer, about."""

    def reached(self, what: str) -> TooLarge:
        """`what`: time, rows, bytes, records or samples (of reading), answer, arrow, answer_bytes, memory."""
        texts = {
            "time": f"{self.time_s:g} s",
            "rows": f"{self.spans:,} spans to read",
            "bytes": f"{self.bytes >> 20} MiB of columns to read",
            "records": f"{self.records:,} log records to read",
            "samples": f"{self.samples:,} samples to read",
            "arrow": f"{self.arrow_rows:,} rows in an answer; add LIMIT, or count and group",
            "answer": f"{self.rows:,} rows in an answer; add LIMIT, or count and group",
            "answer_bytes": f"{self.answer_bytes >> 20} MiB in an answer; add LIMIT, or ask for less of each row",
            "memory": f"{self.memory_mb} MiB of memory",
        }
        hint = "" if what.startswith("a") else "; ask about a shorter time or fewer columns"
        return TooLarge(f"the query reached its limit of {texts.get(what, what)}{hint}")
