"""`python -m otelier` is `otelier`."""

from .cli import main

main()
