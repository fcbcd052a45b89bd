"""Whose data a request is about: the header `X-Scope-OrgID` names a tenant, without it the default one is meant."""

from ..server.request import HttpError, Request
from .directory import DEFAULT_TENANT, TENANT_HEADER, check_tenant


def tenant(request: Request) -> str:
    """The tenant. Raises HttpError for a name that can't be one."""
    name = request.headers.get(TENANT_HEADER, "")
    try:
        return check_tenant(name) if name else DEFAULT_TENANT
    except ValueError as error:
        raise HttpError(400, f"X-Scope-OrgID: {error}") from error
