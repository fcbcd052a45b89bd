"""The one path of every exporter, and the clients and keys that exporters share."""

from .grpc import GrpcClientSettings, GrpcSender
from .http import HttpClientSettings, HttpPoster, HttpSender, url_problem
from .path import Send, SendPath, Sent
from .settings import BatchSettings, PartitionSettings, QueueSettings, RetrySettings, SendSettings
from .tls import TlsClientSettings

__all__ = [
    "BatchSettings",
    "GrpcClientSettings",
    "GrpcSender",
    "HttpClientSettings",
    "HttpPoster",
    "HttpSender",
    "PartitionSettings",
    "QueueSettings",
    "RetrySettings",
    "Send",
    "SendPath",
    "SendSettings",
    "Sent",
    "TlsClientSettings",
    "url_problem",
]
