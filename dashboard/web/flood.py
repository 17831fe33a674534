"""One visitor must not stop the others: a brake where Engine.IO receives, and a grammar of the texts that may arrive.

The reader of a WebSocket yields to others only when it must wait for data. So a client that always has data waiting holds
the whole (cooperative) server, and a limiter inside an event handler comes too late. The brake therefore sits under the
WebSocket framing, where pings, fragments and half messages pass as well. Each read costs something, and a connection that
spends more than ``limits.py`` allows sleeps first; the network's own back pressure does the rest. A connection that is
throttled for seconds without a pause is closed.

A text must be one of the few that our page sends; anything else ends the connection before a parser sees it.
Left out: nothing here counts visitors by address, since a whole class may share one address.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable
from io import BytesIO, StringIO
from socket import SHUT_RDWR
from time import monotonic
from typing import Any

from dashboard.web.limits import Limits

# Engine.IO: close, pong, probe, upgrade. Socket.IO within a message (4): connect, disconnect, the event "command".
ENGINE_TEXT = re.compile(r"1|3|2probe|5|4[0-9].*", re.DOTALL)
SEPARATOR = "\x1e"  # between the packets of one polling request
PACKETS_MAX = 16
SOCKET_TEXT = re.compile(r'0(\{.*\})?|1|2[0-9]{1,9}\["command",\{.*\}\]', re.DOTALL)

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Brake:
    """Two budgets that refill with time: reads and bytes. ``spend`` sleeps until an overspent budget is balanced again."""

    def __init__(self, limits: Limits, sleep: Callable[[float], Any], clock: Callable[[], float] = monotonic) -> None:
        self.limits = limits
        self.sleep = sleep
        self.clock = clock
        self.reads = limits.reads_burst
        self.bytes = limits.bytes_burst
        self.refilled = clock()
        self.held_since: float | None = None

    def spend(self, size: int) -> None:
        """Pays for one read of that many bytes. Raises ConnectionError after too long on the brake."""
        limits, now = self.limits, self.clock()
        passed, self.refilled = now - self.refilled, now
        self.reads = min(limits.reads_burst, self.reads + passed * limits.reads_per_s) - 1
        self.bytes = min(limits.bytes_burst, self.bytes + passed * limits.bytes_per_s) - size
        debt = max(-self.reads / limits.reads_per_s, -self.bytes / limits.bytes_per_s)
        if debt <= 0:
            if self.reads > limits.reads_per_s / 4 and self.bytes > limits.bytes_per_s / 4:
                self.held_since = None
            return
        if self.held_since is None:
            self.held_since = now
        if now - self.held_since > limits.patience_s:
            raise ConnectionAbortedError("more than this server takes from one visitor")
        self.sleep(debt)


class BrakedSocket:
    """A socket whose reads go through the brake, and whose ``send`` sends everything: simple-websocket ignores the count.

    ``send_now`` is the short way for a packet that a thousand viewers get: it needs no queue and wakes no writer.
    """

    def __init__(self, sock: Any, brake: Brake, limits: Limits) -> None:
        self._sock = sock
        self._brake = brake
        self._limits = limits
        self._unread = 0  # bytes since the last whole message
        self._sending = False  # somebody is in the middle of a frame
        self._rest = b""  # of a frame that the network did not take at once
        self.backlog: Callable[[], int] = int  # whole messages that nobody has taken yet

    def recv(self, size: int, *flags: int) -> bytes:
        while self.backlog() > self._limits.waiting:
            self._brake.sleep(0.02)
        data: bytes = self._sock.recv(size, *flags)
        self._brake.spend(len(data))
        self._unread += len(data)
        if self._unread > 4 * self._limits.message_bytes:
            raise ConnectionAbortedError("a message without an end")
        return data

    def send(self, data: bytes, *flags: int) -> int:
        self.sendall(data, *flags)
        return len(data)

    def sendall(self, data: bytes, *flags: int) -> None:
        self._sending = True
        try:
            whole, self._rest = self._rest + data, b""
            self._sock.sendall(whole, *flags)
        finally:
            self._sending = False

    def send_now(self, frame: bytes) -> int:
        """How many bytes of the frame the network took; what is left goes out before anything else that is sent later."""
        plain = getattr(self._sock, "fd", None)  # eventlet's socket has it: the one under it, which never waits
        if plain is None or self._sending or self._rest:
            return 0
        try:
            sent: int = plain.send(frame)
        except OSError:  # its buffer is full, or it is closed: the longer way will see
            return 0
        if sent:
            self._rest = frame[sent:]
        return sent

    def message_taken(self) -> None:
        self._unread = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class ScreenedWebSocket:
    """The WebSocket that Engine.IO's reader reads: it returns texts that follow the grammar, or None when it is closed."""

    def __init__(self, ws: Any, sock: BrakedSocket) -> None:
        self._ws = ws
        self.socket = sock  # Engine.IO sets a timeout on it

    def wait(self) -> str | None:
        try:
            text = self._ws.wait()
        except Exception:  # broken framing, bad UTF-8, a flood or a reset: in each case the connection is over
            return None
        self.socket.message_taken()
        if not isinstance(text, str) or not ENGINE_TEXT.fullmatch(text):
            return None
        return text

    def close(self) -> None:
        """Says goodbye and closes the socket, too: a client that keeps it open would occupy a reader of simple-websocket."""
        with contextlib.suppress(Exception):  # it may be half closed already
            self._ws.close()
        with contextlib.suppress(OSError):
            self.socket.shutdown(SHUT_RDWR)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ws, name)


def brake_websockets(eio: Any, limits: Limits) -> None:
    """Puts brake and screen under every WebSocket of this Engine.IO server, in either async mode."""
    plain = eio._async["websocket"]
    threads = eio.async_mode == "threading"

    def braked(handler: Callable[[Any], Any], server: Any) -> Application:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            brake = Brake(limits, eio.sleep)
            if threads:
                environ["werkzeug.socket"] = sock = BrakedSocket(environ["werkzeug.socket"], brake, limits)
                sock.settimeout(eio.ping_interval + eio.ping_timeout)

                def handle_thread(ws: Any) -> Any:
                    sock.backlog = lambda: len(ws.ws.input_buffer)
                    return handler(ScreenedWebSocket(ws, sock))

                inner = plain(handle_thread, server)
                inner.server_args["max_message_size"] = limits.message_bytes
                return inner(environ, start_response)  # type: ignore[no-any-return]

            def handle(ws: Any) -> Any:
                ws.socket = handler.__self__.line = BrakedSocket(ws.socket, brake, limits)  # type: ignore[attr-defined]
                ws.log = StringIO()  # else it logs an error for each client that closes its connection first
                return handler(ScreenedWebSocket(ws, ws.socket))

            return plain(handle, server)(environ, start_response)  # type: ignore[no-any-return]

        return application

    eio._async = {**eio._async, "websocket": braked}


def screen_messages(eio: Any, joined: Callable[[str], bool]) -> None:
    """Lets only what our page sends through to Socket.IO, over both transports, and one connect for each connection."""
    understood = eio.handlers["message"]

    def screened(eio_sid: str, data: Any) -> None:
        fits = isinstance(data, str) and SOCKET_TEXT.fullmatch(data) is not None
        if fits and (data[0] == "0") != joined(eio_sid):
            try:
                return understood(eio_sid, data)  # type: ignore[no-any-return]
            except ValueError:  # not JSON
                pass
        socket = eio.sockets.get(eio_sid)
        if socket is not None:
            socket.close(wait=False, abort=True, reason=eio.reason.SERVER_DISCONNECT)

    eio.handlers["message"] = screened


class StrictJSON:
    """JSON for the sockets' parsers. A text that is nested too deeply counts as bad JSON."""

    dumps = staticmethod(json.dumps)

    @staticmethod
    def loads(text: str, **options: Any) -> Any:
        try:
            return json.loads(text, **options)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def screen_post(environ: Environ, limits: Limits) -> bool:
    """True when a polling request has texts that follow the grammar. This reads the body once for all."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdecimal() and int(length) <= limits.message_bytes):
        return False
    try:
        body = environ["wsgi.input"].read(int(length))
        texts = body.decode().split(SEPARATOR)
    except (OSError, ValueError):
        return False
    environ["wsgi.input"] = BytesIO(body)
    return len(texts) <= PACKETS_MAX and all(ENGINE_TEXT.fullmatch(text) for text in texts)


def doorkeeper(app: Application, sleep: Callable[[float], Any], limits: Limits) -> Application:
    """The outermost middleware: no compression per client, no WebSocket older than RFC 6455, a yield before each request."""

    def wrapped(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        sleep(0)  # pipelined requests are read without a wait, so others need a turn
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)  # compressed, a message costs each client 135-180 us, else 30
        if "HTTP_UPGRADE" in environ and environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
            return refused(start_response, b"This server speaks WebSocket version 13.\n")
        if environ["REQUEST_METHOD"] == "POST" and not screen_post(environ, limits):
            return refused(start_response, b"The server could not make sense of that request.\n")
        return app(environ, start_response)

    def refused(start_response: Callable[..., Any], sentence: bytes) -> Iterable[bytes]:
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")])
        return [sentence]

    return wrapped
