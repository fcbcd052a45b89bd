"""What both stores on this machine's disk are made of: a log, segments, and a manifest that says which of them live.

`kind.Kind` says what one store's segments are; everything else here is the same for traces, logs and metrics.
"""
