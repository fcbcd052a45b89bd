"""Masks: one byte per item of a batch, 1 for those that are meant, 0 for the others."""

_OTHER = bytes([1, 0]) + bytes(254)


def inverse(mask: bytes | bytearray) -> bytes:
    """The others."""
    return bytes(mask.translate(_OTHER))


def either(mask: bytes | bytearray, other: bytes | bytearray) -> bytes:
    """Those that one of two masks of the same batch means."""
    return (int.from_bytes(mask) | int.from_bytes(other)).to_bytes(len(mask))
