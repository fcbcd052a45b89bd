"""Binary operators."""
