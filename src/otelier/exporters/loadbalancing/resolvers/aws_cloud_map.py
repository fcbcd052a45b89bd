"""aws_cloud_map: the instances of a service, asked for by AWS Cloud Map's DiscoverInstances.

Credentials, region and signature are botocore's business (`otelier[aws]`), so all that works for other AWS tools does.
"""

import importlib
import os
from typing import Any

from ....component import Context, StartError
from ..settings import CloudMapSettings
from .contract import Listener, Poll

_ADDRESSES = ("AWS_INSTANCE_IPV4", "AWS_INSTANCE_IPV6", "AWS_INSTANCE_CNAME")


class CloudMapResolver:
    """Finds the instances that are registered, and healthy unless others are asked for."""

    def __init__(self, ctx: Context, settings: CloudMapSettings, listener: Listener) -> None:
        self._settings = settings
        self._poll = Poll(ctx, settings.interval, self._endpoints, listener)
        self._client: Any = None

    def start(self) -> None:
        """Make the client and ask for the first time. Raises StartError if botocore isn't there, or has no region."""
        try:
            session = importlib.import_module("botocore.session")
            config = importlib.import_module("botocore.config")
        except ImportError as error:
            raise StartError(
                "resolver.aws_cloud_map needs botocore: pip install 'otelier[aws]'", exit_code=2
            ) from error
        settings = self._settings
        # A host prefix would make another host of an endpoint that was given.
        options = config.Config(
            connect_timeout=float(settings.timeout),
            read_timeout=float(settings.timeout),
            retries={"max_attempts": 0},
            inject_host_prefix=not settings.endpoint,
        )
        region = settings.region or os.environ.get("AWS_REGION")
        try:
            self._client = session.get_session().create_client(
                "servicediscovery", region_name=region, endpoint_url=settings.endpoint or None, config=options
            )
        except Exception as error:  # botocore's errors have no common kind that is not Exception
            raise StartError(f"resolver.aws_cloud_map: {error}: set region, or AWS_REGION", exit_code=2) from error
        self._poll.start()

    def stop(self) -> None:
        """Ask no more."""
        self._poll.stop()

    def _endpoints(self) -> list[str]:
        settings = self._settings
        question: dict[str, Any] = {
            "NamespaceName": settings.namespace,
            "ServiceName": settings.service_name,
            "HealthStatus": settings.health_status,
        }
        if settings.owner_account:
            question["OwnerAccount"] = settings.owner_account
        try:
            answer: dict[str, Any] = self._client.discover_instances(**question)
        except Exception as error:  # see above
            raise OSError(f"{settings.namespace}/{settings.service_name}: {error}") from error
        return [endpoint for each in answer["Instances"] if (endpoint := self._endpoint(each["Attributes"]))]

    def _endpoint(self, attributes: dict[str, str]) -> str:
        address = next((attributes[name] for name in _ADDRESSES if attributes.get(name)), "")
        port = self._settings.port or attributes.get("AWS_INSTANCE_PORT")
        if not address:
            return ""
        bare = f"[{address}]" if ":" in address else address
        return f"{bare}:{port}" if port else bare
