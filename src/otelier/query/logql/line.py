"""A line on its way through the stages."""

from collections.abc import Mapping

from ..log_labels import LEVEL, LEVEL_ALIAS, Record, Scope, metadata_labels

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"


class Line:
    """A record's line and labels, as the stages have made them so far."""

    __slots__ = ("_gone", "_made", "_metadata", "_scope", "parsed", "record", "stream", "text")

    def __init__(self, record: Record, stream: Mapping[str, str], scope: Scope) -> None:
        """`stream`: the labels of its stream, shared by many."""
        self.record = record
        self.stream = stream
        self._scope = scope
        self._metadata: dict[str, str] | None = None
        self.text = record.body
        self.parsed: dict[str, str] = {}
        """What stages have added or changed."""
        self._gone: set[str] = set()
        self._made: set[str] = set()
        """Every label that stages have made: no parser makes it once more, also if it was taken away."""

    @property
    def metadata(self) -> dict[str, str]:
        """The record's own labels; made when they are first asked for."""
        if self._metadata is None:
            self._metadata = metadata_labels(self.record, self._scope)
        return self._metadata

    def get(self, label: str) -> str:
        """Empty if it is not there."""
        return self.find(label) or ""

    def find(self, label: str) -> str | None:
        """None if it is not there; one that is there may be empty."""
        if label in self.parsed:
            return self.parsed[label]
        if label in self._gone:
            return None
        value = self.stream.get(label)
        if value is None:
            value = self.metadata.get(label)
        if value is None and label == LEVEL_ALIAS:
            return self.find(LEVEL)
        return value

    def extract(self, label: str, value: str) -> None:
        """Add a label that a parser has found, unless one before it did; one that the record has stays."""
        name = self._beside(label)
        if name not in self._made:
            self.put(name, value)

    def take(self, label: str, value: str) -> None:
        """The same for a label that the query names: the last one stays."""
        self.put(self._beside(label), value)

    def _beside(self, label: str) -> str:
        return f"{label}_extracted" if label in self.stream or label in self.metadata else label

    def put(self, label: str, value: str) -> None:
        """Make it, or change it."""
        self._made.add(label)
        self.parsed[label] = value

    def remove(self, label: str) -> None:
        """Take it away."""
        self.parsed.pop(label, None)
        self._gone.add(label)

    def fail(self, error: str, details: str) -> None:
        """Say that a stage could not read the line."""
        self.parsed[ERROR] = error
        if details:
            self.parsed[ERROR_DETAILS] = details

    def of_stream(self) -> dict[str, str]:
        """Labels of the stream that are left as they were."""
        return {name: text for name, text in self.stream.items() if self._stays(name)}

    def of_metadata(self) -> dict[str, str]:
        """Labels of the record that are left as they were."""
        metadata = self.metadata.items()
        return {name: text for name, text in metadata if name not in self.stream and self._stays(name)}

    def labels(self) -> dict[str, str]:
        """All of them."""
        return {**self.of_metadata(), **self.of_stream(), **self.parsed}

    def _stays(self, name: str) -> bool:
        return name not in self._gone and name not in self.parsed
