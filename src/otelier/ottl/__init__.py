"""OTTL, the language of `transform`, `filter` and conditions: parsed once, run natively where it can be."""
