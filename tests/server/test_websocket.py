"""WebSockets byte for byte, as RFC 6455 has them."""

import struct

import pytest

from otelier.server.websocket import WebSocket


class Peer:
    """Plays the other end: says these bytes, piece by piece, and keeps what it is told."""

    def __init__(self, *said: bytes | None) -> None:
        self.said = list(said)
        self.told = b""

    def send(self, data: bytes) -> bool:
        self.told += data
        return True

    def receive(self, timeout_s: float) -> bytes | None:
        return self.said.pop(0) if self.said else None


def frame(opcode: int, payload: bytes = b"", *, masked: bool = True, final: bool = True) -> bytes:
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
    head = bytes([(0x80 if final else 0) | opcode, length[0] | (0x80 if masked else 0), *length[1:]])
    mask = b"\x01\x02\x03\x04"
    return head + (mask + bytes(each ^ mask[at % 4] for at, each in enumerate(payload)) if masked else payload)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("hi", b"\x81\x02"),
        ("작", b"\x81\x03"),
        ("x" * 126, b"\x81\x7e\x00\x7e"),
        ("x" * 70_000, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70"),
    ],
)
def test_texts_are_frames_without_a_mask(text: str, head: bytes) -> None:
    peer = Peer()
    assert WebSocket(peer).send(text)
    assert peer.told == head + text.encode()


def test_a_ping_is_answered_also_in_pieces() -> None:
    ping = frame(0x9, b"are you there")
    peer = Peer(ping[:1], ping[1:5], ping[5:])
    socket = WebSocket(peer)
    assert all(socket.listen(0) for _ in range(3))
    assert peer.told == b"\x8a\x0dare you there"


def test_messages_are_thrown_away() -> None:
    peer = Peer(frame(0x1, b"hello", final=False) + frame(0x0, b"you") + frame(0x2, b"x" * 1000), None)
    socket = WebSocket(peer)
    assert socket.listen(0)
    assert socket.listen(0)
    assert peer.told == b""


def test_goodbye_is_answered_by_goodbye_and_then_nothing_is_said() -> None:
    peer = Peer(frame(0x8, struct.pack(">H", 1000)) + frame(0x9, b"still?"))
    socket = WebSocket(peer)
    assert not socket.listen(0)
    assert peer.told == b"\x88\x02" + struct.pack(">H", 1000)
    assert not socket.send("more")
    socket.close()
    assert peer.told == b"\x88\x02" + struct.pack(">H", 1000)


def test_a_peer_that_has_gone_is_noticed() -> None:
    assert not WebSocket(Peer(b"")).listen(0)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (frame(0x1, b"plain", masked=False), 1002),
        (b"\xc1" + frame(0x1, b"compressed")[1:], 1002),
        (frame(0x9, b"x" * 200), 1002),
        (frame(0x9, b"x", final=False), 1002),
        (b"\x81\xff" + struct.pack(">Q", 1 << 40), 1009),
    ],
)
def test_what_breaks_the_protocol_ends_it(said: bytes, code: int) -> None:
    peer = Peer(said)
    assert not WebSocket(peer).listen(0)
    assert peer.told[:1] == b"\x88"
    assert struct.unpack(">H", peer.told[2:4])[0] == code


def test_a_long_reason_is_cut_to_fit() -> None:
    peer = Peer()
    WebSocket(peer).close(1011, "작" * 100)
    assert len(peer.told) == 2 + 2 + 123
    assert peer.told[4:].decode() == "작" * 41
