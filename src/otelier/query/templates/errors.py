"""What can be wrong with a template, in the words of Go's package, which people look for."""


class TemplateError(ValueError):
    """A template can't be read or carried out; the text says where."""


class CallError(ValueError):
    """A function can't do what it is asked for."""
