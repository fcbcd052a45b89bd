"""TraceQL, Tempo's language for traces: text to a checked tree, and back."""
