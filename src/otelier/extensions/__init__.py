"""Extensions serve the process, not the data: one file per component, named as its type."""
