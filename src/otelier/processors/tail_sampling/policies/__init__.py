"""The policies of tail_sampling, one file each: its keys and its expression over columns."""

from .config import PolicyConfig, name_problems
from .make import Composite, make_policies

__all__ = ["Composite", "PolicyConfig", "make_policies", "name_problems"]
