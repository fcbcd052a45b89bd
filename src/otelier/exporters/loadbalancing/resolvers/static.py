"""static: the backends that the configuration names."""

from ..settings import StaticSettings
from .contract import Listener


class StaticResolver:
    """Finds the same for ever."""

    def __init__(self, settings: StaticSettings, listener: Listener) -> None:
        self._settings = settings
        self._listener = listener

    def start(self) -> None:
        """Nothing can fail."""
        self._listener.resolved(self._settings.hostnames)

    def stop(self) -> None:
        """Nothing runs."""
