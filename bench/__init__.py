"""The numbers we publish: each row runs a peer and Otelier side by side on the same configuration and load."""
