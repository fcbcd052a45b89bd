"""The one path of every exporter, and the clients and keys that exporters share."""

from .exporter import ClientExporter
from .grpc import GrpcClientSettings, GrpcSender, NoAnswer
from .http import HttpClientSettings, HttpPoster, HttpSender, url_problem
from .movable import MovablePath
from .outcome import PartlySent, Send, Sent
from .parcel import Parcel
from .path import SendPath
from .settings import BatchSettings, PartitionSettings, QueueSettings, RetrySettings, SendSettings
from .stored import StoredBatch, UnreadableError, loaded, restored
from .tls import TlsClientSettings

__all__ = [
    "BatchSettings",
    "ClientExporter",
    "GrpcClientSettings",
    "GrpcSender",
    "HttpClientSettings",
    "HttpPoster",
    "HttpSender",
    "MovablePath",
    "NoAnswer",
    "Parcel",
    "PartitionSettings",
    "PartlySent",
    "QueueSettings",
    "RetrySettings",
    "Send",
    "SendPath",
    "SendSettings",
    "Sent",
    "StoredBatch",
    "TlsClientSettings",
    "UnreadableError",
    "loaded",
    "restored",
    "url_problem",
]
