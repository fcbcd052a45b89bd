"""Where backends are known from; one file per kind."""

from ....component import Context
from ..settings import ResolverSettings
from .aws_cloud_map import CloudMapResolver
from .contract import Listener, Resolver
from .dns import DnsResolver
from .k8s import K8sResolver
from .static import StaticResolver

__all__ = ["Listener", "Resolver", "resolver_of"]


def resolver_of(ctx: Context, settings: ResolverSettings, listener: Listener) -> Resolver:
    """The resolver that is configured. Raises ValueError for options or files that can't be used."""
    if settings.static:
        return StaticResolver(settings.static, listener)
    if settings.dns:
        return DnsResolver(ctx, settings.dns, listener)
    if settings.k8s:
        return K8sResolver(ctx, settings.k8s, listener)
    assert settings.aws_cloud_map, "exactly one, as checked"
    return CloudMapResolver(ctx, settings.aws_cloud_map, listener)
