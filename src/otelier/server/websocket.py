"""WebSockets, the server's side (RFC 6455): the handshake, and texts to a peer who sends little of interest.

No extensions. What the peer says is read so that it gets its pongs and its goodbye; its messages are thrown away.
"""

import base64
import hashlib
import struct
from collections.abc import Callable
from typing import Protocol

from .endpoint import Upgrade
from .request import HttpError, Request

__all__ = ["Socket", "WebSocket", "upgraded"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_MAX_CONTROL = 125
_MAX_MESSAGE = 64 * 1024
NORMAL, GOING_AWAY, PROTOCOL_ERROR, TOO_LARGE, INTERNAL = 1000, 1001, 1002, 1009, 1011
"""Why a socket is closed."""


class Socket(Protocol):
    """Bytes both ways; the core's `HttpSocket`."""

    def send(self, data: bytes) -> bool:
        """False if the peer has gone."""
        ...

    def receive(self, timeout_s: float) -> bytes | None:
        """None: nothing came; empty: the peer has gone."""
        ...


class WebSocket:
    """One of them, used from one thread."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._read = b""
        self._ended = False

    def send(self, text: str) -> bool:
        """False if the peer has gone."""
        return not self._ended and self._frame(_TEXT, text.encode())

    def listen(self, wait_s: float) -> bool:
        """Answer what the peer says, for so long. False if it has gone."""
        if self._ended:
            return False
        received = self._socket.receive(wait_s)
        if received is None:
            return True
        if not received:
            self._ended = True
            return False
        self._read += received
        while not self._ended and self._next():
            pass
        return not self._ended

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye, once."""
        if not self._ended:
            self._ended = True
            said = reason.encode()[: _MAX_CONTROL - 2].decode(errors="ignore").encode()
            self._frame(_CLOSE, struct.pack(">H", code) + said)

    def _frame(self, opcode: int, payload: bytes) -> bool:
        size = len(payload)
        if size <= _MAX_CONTROL:
            head = struct.pack(">BB", 0x80 | opcode, size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", 0x80 | opcode, 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 127, size)
        return self._socket.send(head + payload)

    def _next(self) -> bool:
        """Take one frame out of what was read; False if none is whole."""
        if len(self._read) < 2:
            return False
        first, second = self._read[0], self._read[1]
        opcode, size, at = first & 0x0F, second & 0x7F, 2
        if first & 0x70 or not second & 0x80 or (opcode >= _CLOSE and (size > _MAX_CONTROL or not first & 0x80)):
            self.close(PROTOCOL_ERROR, "a client's frames are masked, and none of it needs an extension")
            return False
        if size >= 126:
            at = 4 if size == 126 else 10
            if len(self._read) < at:
                return False
            size = int.from_bytes(self._read[2:at], "big")
        if size > _MAX_MESSAGE:
            self.close(TOO_LARGE, f"a message may have {_MAX_MESSAGE} bytes")
            return False
        if len(self._read) < at + 4 + size:
            return False
        mask, payload = self._read[at : at + 4], self._read[at + 4 : at + 4 + size]
        self._read = self._read[at + 4 + size :]
        if opcode == _PING:
            self._frame(_PONG, _unmasked(mask, payload))
        elif opcode == _CLOSE:
            self.close()
        return True


def upgraded(request: Request, talk: Callable[[WebSocket], None], otherwise: Callable[[], None]) -> Upgrade:
    """What a route answers; `talk` gets a thread of its own and is over when it returns. Raises HttpError.

    `otherwise` is called instead if the connection can't become a WebSocket after all.
    """
    headers = request.headers
    key = headers.get("sec-websocket-key", "")
    if headers.get("upgrade", "").lower() != "websocket" or not key:
        raise HttpError(426, "a WebSocket is spoken here: ask by ws:// or wss://", (("upgrade", "websocket"),))
    if headers.get("sec-websocket-version", "") != "13":
        raise HttpError(426, "version 13 of WebSockets is spoken here", (("sec-websocket-version", "13"),))
    accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()
    agreed = (("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", accept))

    def talked(socket: Socket) -> None:
        peer = WebSocket(socket)
        try:
            talk(peer)
            peer.close()
        except BaseException:
            peer.close(INTERNAL, "internal error; see Otelier's log")
            raise

    return Upgrade(agreed, talked, otherwise)


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    return bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
