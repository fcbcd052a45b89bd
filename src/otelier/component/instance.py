"""The id of this process among others of its kind."""

import uuid

INSTANCE_ID = str(uuid.uuid4())
"""A new one at each start, unless `service.telemetry.resource` names another."""
