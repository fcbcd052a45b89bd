"""The Kubernetes API: where it is, who we are, and objects that are listed and watched."""

from .access import AccessError, Answer, ApiError, KubernetesApi, api_access, client_tls, own_namespace
from .watch import Metadata, Object, Wanted, Watch

__all__ = [
    "AccessError",
    "Answer",
    "ApiError",
    "KubernetesApi",
    "Metadata",
    "Object",
    "Wanted",
    "Watch",
    "api_access",
    "client_tls",
    "own_namespace",
]
