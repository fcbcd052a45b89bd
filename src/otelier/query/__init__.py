"""Questions to the store: which traces, whole traces, their logs, services and operations. Knows no HTTP."""
