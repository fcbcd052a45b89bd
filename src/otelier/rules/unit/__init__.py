"""Tests of rules, in the form of promtool: series are given, rules are evaluated over them, alerts are expected."""

from .file import TestFile, read_test_file
from .run import Outcome, run_file

__all__ = ["Outcome", "TestFile", "read_test_file", "run_file"]
