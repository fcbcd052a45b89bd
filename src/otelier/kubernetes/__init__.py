"""The Kubernetes API: where it is, who we are, and objects that are listed and watched."""

from .access import AccessError, ApiError, KubernetesApi, api_access, client_tls, own_namespace
from .watch import Object, Wanted, Watch

__all__ = [
    "AccessError",
    "ApiError",
    "KubernetesApi",
    "Object",
    "Wanted",
    "Watch",
    "api_access",
    "client_tls",
    "own_namespace",
]
