"""Functions of instant vectors."""
