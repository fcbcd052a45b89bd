"""What can go wrong when a rule is evaluated."""

from ..component import OtelierError


class RuleError(OtelierError):
    """The rule's answer can't be what the rule makes of it; the text is shown as the rule's last error."""
