"""LogQL, the part that Grafana writes and most people use: parsed with positions, planned, run over stored logs.

What is pushed into the core and what runs here, see `plan`; what is taken and what is not, docs/reference/logql.md.
"""
