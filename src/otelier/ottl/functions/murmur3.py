"""MurmurHash3 with seed 0, after Austin Appleby's description (public domain): x86_32 and x64_128."""

import struct

_32, _64 = (1 << 32) - 1, (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def murmur3_32(data: bytes) -> int:
    """The hash as a number."""

    def scramble(k: int) -> int:
        return _rotate(k * 0xCC9E2D51 & _32, 15, 32) * 0x1B873593 & _32

    state = 0
    whole = len(data) & ~3
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        state = (_rotate(state ^ scramble(k), 13, 32) * 5 + 0xE6546B64) & _32
    state ^= scramble(int.from_bytes(data[whole:], "little")) ^ len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & _32
    state = (state ^ state >> 13) * 0xC2B2AE35 & _32
    return state ^ state >> 16


def murmur3_128(data: bytes) -> tuple[int, int]:
    """The hash as two numbers."""
    a = b = 0
    whole = len(data) & ~15
    for k1, k2 in struct.iter_unpack("<QQ", data[:whole]):
        a = ((_rotate(a ^ _mix1(k1), 27, 64) + b) * 5 + 0x52DCE729) & _64
        b = ((_rotate(b ^ _mix2(k2), 31, 64) + a) * 5 + 0x38495AB5) & _64
    rest = data[whole:]
    b ^= _mix2(int.from_bytes(rest[8:], "little")) ^ len(data)
    a ^= _mix1(int.from_bytes(rest[:8], "little")) ^ len(data)
    a = (a + b) & _64
    b = (b + a) & _64
    a, b = _finish(a), _finish(b)
    a = (a + b) & _64
    return a, (b + a) & _64


def _rotate(value: int, by: int, bits: int) -> int:
    return (value << by | value >> bits - by) & (1 << bits) - 1


def _mix1(k: int) -> int:
    return _rotate(k * _C1 & _64, 31, 64) * _C2 & _64


def _mix2(k: int) -> int:
    return _rotate(k * _C2 & _64, 33, 64) * _C1 & _64


def _finish(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _64
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _64
    return value ^ value >> 33
