"""Go's language of templates, in an implementation of our own: parsed, checked, carried out.

Which functions there are says who uses it: texts of alerts (`otelier.rules.templates`), lines and labels of LogQL
(`otelier.query.logql.formats`).
"""
