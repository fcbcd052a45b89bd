"""Services and operations of segments: from the catalogue, and from the indexes of those that it lags behind."""

import logging
from collections.abc import Iterable

from .._core import Disk
from ..storage.local.catalogue import CatalogueReader
from ..storage.local.manifest import State, of_signal
from ..storage.local.summary import Summary, read_summary

_log = logging.getLogger(__name__)

_KEPT = 256
"""Summaries of segments that the catalogue did not know; more of them than the writer leaves behind."""


class Names:
    """Implements `traces.Catalogue`."""

    def __init__(self, disk: Disk, catalogue: CatalogueReader) -> None:
        self._disk = disk
        self._catalogue = catalogue
        self._summaries: dict[str, Summary] = {}

    def services(self, state: State, tenant: str) -> Iterable[str]:
        """Names; an empty one for spans whose resource names none. Raises OSError."""
        unknown = self._unknown(state, tenant)
        return {*self._catalogue.services(tenant), *(name for summary in unknown for name in summary.services)}

    def operations(self, state: State, tenant: str, service: str) -> Iterable[tuple[str, int]]:
        """(name, kind) of a service. Raises OSError."""
        found = {
            (name, kind)
            for summary in self._unknown(state, tenant)
            for owner, name, kind, *_ in summary.operations
            if owner == service
        }
        return found.union((name, kind) for _, name, kind in self._catalogue.operations(tenant, service))

    def _unknown(self, state: State, tenant: str) -> list[Summary]:
        """Asked for before the lists, so that a segment that gets known meanwhile is in both rather than in neither."""
        known = self._catalogue.segments(tenant)
        return [self._summary(each.path) for each in of_signal(state, tenant, "traces") if each.path not in known]

    def _summary(self, path: str) -> Summary:
        summary = self._summaries.get(path)
        if summary is None:
            try:
                summary = read_summary(self._disk, path)
            except ValueError as error:
                _log.error("%s; its services are missing in lists", error)
                summary = Summary(0, 0, 0)
            if len(self._summaries) >= _KEPT:
                self._summaries.clear()
            self._summaries[path] = summary
        return summary
