"""Processors look at, change or hold back batches on their way: one file per component, named as its type."""
