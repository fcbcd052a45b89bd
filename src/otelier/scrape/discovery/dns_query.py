"""Questions to a DNS server that the system's resolver can't be asked: SRV, MX and NS records (RFC 1035, RFC 2782).

Addresses (A, AAAA) are looked up as the system does it.
"""

import secrets
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

_TYPES = {"NS": 2, "MX": 15, "SRV": 33}
_TIMEOUT_S = 5.0
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_TRUNCATED = 0x0200
_NO_SUCH_NAME = 3
_POINTER = 0xC0
_JUMPS_MAX = 32


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record points to; a port of 0 where it has none."""

    host: str
    port: int = 0


LookUp: TypeAlias = Callable[[str, str], Sequence[Record]]
"""Records of a name and type; none if there is no such name. Raises OSError."""


def look_up(name: str, kind: str) -> Sequence[Record]:
    """The records of a name. Raises OSError."""
    if kind in ("A", "AAAA"):
        return _addresses(name, socket.AF_INET if kind == "A" else socket.AF_INET6)
    problems: list[str] = []
    for server in _servers():
        try:
            return _asked(server, name, _TYPES[kind])
        except (OSError, ValueError, struct.error, IndexError) as error:
            problems.append(f"{server}: {error}")
    raise OSError(f"no answer for {name} ({kind}): {'; '.join(problems) or 'no name server is configured'}")


def _addresses(name: str, family: socket.AddressFamily) -> list[Record]:
    try:
        found = socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            return []
        raise OSError(f"{name}: {error}") from error
    return [Record(host) for host in sorted({str(address[0]) for *_, address in found})]


def _servers() -> list[str]:
    file = Path("/etc/resolv.conf")
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def _asked(server: str, name: str, kind: int) -> list[Record]:
    number = secrets.randbelow(1 << 16)
    labels = b"".join(bytes([len(part)]) + part for part in name.rstrip(".").encode("idna").split(b".") if part)
    question = _HEADER.pack(number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(_TIMEOUT_S)
        udp.connect((server, 53))
        udp.send(question)
        answer = udp.recv(1 << 16)
    if _HEADER.unpack_from(answer)[1] & _TRUNCATED:
        answer = _by_tcp(server, question)
    return read_answer(answer, number, kind)


def _by_tcp(server: str, question: bytes) -> bytes:
    with socket.create_connection((server, 53), _TIMEOUT_S) as tcp, tcp.makefile("rb") as answers:
        tcp.sendall(struct.pack("!H", len(question)) + question)
        (length,) = struct.unpack("!H", answers.read(2))
        return answers.read(length)


def read_answer(answer: bytes, number: int, kind: int) -> list[Record]:
    """The records of one type in a message. Raises ValueError, struct.error or IndexError for what is none."""
    given, flags, questions, answers, _, _ = _HEADER.unpack_from(answer)
    if given != number:
        raise ValueError("the answer is to another question")
    code = flags & 0xF
    if code == _NO_SUCH_NAME:
        return []
    if code:
        raise ValueError(f"the name server says error {code}")
    at = _HEADER.size
    for _ in range(questions):
        at = _name(answer, at)[1] + 4
    found: list[Record] = []
    for _ in range(answers):
        at = _name(answer, at)[1]
        this, _, _, length = _RECORD.unpack_from(answer, at)
        at += _RECORD.size
        if this == kind:
            found.append(_record(answer, at, kind))
        at += length
    return found


def _record(answer: bytes, at: int, kind: int) -> Record:
    if kind == _TYPES["SRV"]:
        _, _, port = struct.unpack_from("!3H", answer, at)
        return Record(_name(answer, at + 6)[0], port)
    return Record(_name(answer, at + 2 if kind == _TYPES["MX"] else at)[0])


def _name(answer: bytes, at: int) -> tuple[str, int]:
    """A name with its final dot, and where what follows begins."""
    parts: list[str] = []
    end = 0
    for _ in range(_JUMPS_MAX * 8):
        length = answer[at]
        if length & _POINTER == _POINTER:
            end = end or at + 2
            at = (length & ~_POINTER) << 8 | answer[at + 1]
            continue
        if not length:
            return "".join(f"{part}." for part in parts) or ".", end or at + 1
        parts.append(answer[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    raise ValueError("a name in the answer has no end")
