"""Converters that hash a string's bytes: cryptographic, FNV, XXH and Murmur3."""

import hashlib

import xxhash

from .murmur3 import murmur3_32, murmur3_128
from .registry import converter

_FNV_OFFSET, _FNV_PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@converter("MD5")
def md5(value: str) -> str:
    """In hexadecimal; no longer safe against forgery."""
    return hashlib.md5(_bytes(value), usedforsecurity=False).hexdigest()


@converter("SHA1")
def sha1(value: str) -> str:
    """In hexadecimal; no longer safe against forgery."""
    return hashlib.sha1(_bytes(value), usedforsecurity=False).hexdigest()


@converter("SHA256")
def sha256(value: str) -> str:
    """In hexadecimal."""
    return hashlib.sha256(_bytes(value)).hexdigest()


@converter("SHA512")
def sha512(value: str) -> str:
    """In hexadecimal."""
    return hashlib.sha512(_bytes(value)).hexdigest()


@converter("FNV")
def fnv(value: str) -> int:
    """FNV-1a of 64 bits, as a signed int."""
    state = _FNV_OFFSET
    for byte in _bytes(value):
        state = (state ^ byte) * _FNV_PRIME & _MASK
    return state - (1 << 64) if state >> 63 else state


@converter("XXH3")
def xxh3(value: str) -> str:
    """XXH3 of 64 bits, in hexadecimal."""
    return xxhash.xxh3_64_hexdigest(_bytes(value))


@converter("XXH128")
def xxh128(value: str) -> str:
    """XXH3 of 128 bits, in hexadecimal."""
    return xxhash.xxh3_128_hexdigest(_bytes(value))


@converter("Murmur3Hash")
def murmur3_hash(target: str) -> str:
    """Murmur3 of 32 bits, in hexadecimal, lowest byte first."""
    return murmur3_32(_bytes(target)).to_bytes(4, "little").hex()


@converter("Murmur3Hash128")
def murmur3_hash128(target: str) -> str:
    """Murmur3 of 128 bits for 64-bit machines, in hexadecimal, lowest byte of each half first."""
    low, high = murmur3_128(_bytes(target))
    return (low.to_bytes(8, "little") + high.to_bytes(8, "little")).hex()
