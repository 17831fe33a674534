"""Socket.IO: connect, command, disconnect; and the pump, one task that drives all sessions.

Only the pump touches sessions. Handlers put what arrives into an inbox, wake the pump and, for a command, wait for the answer;
so a visitor's next command is read when the last one has been answered, in both async modes and without a lock.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Container
from hashlib import blake2b
from itertools import count
from struct import pack
from time import monotonic
from typing import Any, NamedTuple

from engineio.packet import MESSAGE, NOOP
from engineio.packet import Packet as EnginePacket
from flask_socketio import SocketIO
from werkzeug.http import parse_cookie

from consensus.kernel.sentences import Refused, say
from dashboard import wire
from dashboard.live.controls import ALPHABET, SECRET, fits
from dashboard.live.session import Session
from dashboard.web.flood import brake_websockets, screen_messages
from dashboard.web.limits import LIMITS, Limits

log = logging.getLogger("capscope")

SESSION_ID = re.compile(f"[{ALPHABET}]{{8,10}}")
CODE_LETTERS = "bcdfghjkmnpqrstvwxyz"  # without vowels, so that no code is a word
TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")


def cookie_of(session: str) -> str:
    """The name of the cookie that holds the owner's secret of a session."""
    return f"owner-{session}"


def code_of(id: str, taken: Container[str]) -> str:
    """Four letters for a session, the same after a restart unless another session has them. They let anybody watch, no more."""
    for attempt in count():
        number = int.from_bytes(blake2b(f"{id} {attempt}".encode(), digest_size=8).digest(), "big")
        code = "".join(CODE_LETTERS[number // len(CODE_LETTERS) ** place % len(CODE_LETTERS)] for place in range(4))
        if code not in taken:
            return code
    raise AssertionError("there are more codes than sessions")


class Connection(NamedTuple):
    """A page. Its Socket.IO id is the viewer's name; packets go to its Engine.IO id. ``secret`` is empty without the cookie."""

    viewer: str
    eio_sid: str
    session: str
    token: str
    secret: str = ""


class House:
    """All sessions, and the pump that drives them."""

    def __init__(self, socketio: SocketIO, limits: Limits = LIMITS, make_session: Callable[..., Session] = Session) -> None:
        self.socketio = socketio
        self.eio = socketio.server.eio
        self.limits = limits
        self.make_session = make_session
        self.sessions: dict[str, Session] = {}
        self.codes: dict[str, str] = {}  # the four letters of a session's short address -> the session
        self.connections: dict[str, Connection] = {}
        self.inbox: deque[tuple[Any, ...]] = deque()  # ("join", connection), ("leave", viewer), ("ask", viewer, message, reply)
        self.joining: deque[Connection] = deque()  # pages whose session must be made first, one in each round
        self.early: list[tuple[Any, ...]] = []  # commands of those who are joining: they wait for their session
        self.wake = self.eio.create_event()
        self.stopping = False
        self.running = False
        self.started = monotonic()

    # --- what handlers call, from any task ----------------------------------------------------

    def arrived(self, *news: Any) -> None:
        self.inbox.append(news)
        self.wake.set()

    def answer(self, viewer: str, message: Any) -> dict[str, Any]:
        """Waits for the pump to carry the command out."""
        done = self.eio.create_event()
        answers: list[dict[str, Any]] = []

        def reply(answer: dict[str, Any]) -> None:
            answers.append(answer)
            done.set()

        self.arrived("ask", viewer, message, reply)
        done.wait(self.limits.answer_s)
        return answers[0] if answers else {"ok": False, "sentence": "The server is too busy to do that now."}

    def owned(self, id: str, secret: str) -> bool:
        """Is this the secret of the session's owner?"""
        session = self.sessions.get(id)
        return session.controls.known(secret) if session is not None and session.owner else fits(secret, id)

    def taken(self, id: str) -> bool:
        """Does the session have an owner already?"""
        session = self.sessions.get(id)
        return session is not None and bool(session.owner)

    def stop(self) -> None:
        """Makes the pump say goodbye to everybody, and end. Safe to call from a signal handler."""
        self.stopping = True

    # --- the pump -----------------------------------------------------------------------------

    def start(self, afterwards: Callable[[], None] = lambda: None) -> None:
        """Starts the pump once; ``afterwards`` runs when it has ended."""
        if not self.running:
            self.running = True
            self.socketio.start_background_task(self._pump, afterwards)

    def _pump(self, afterwards: Callable[[], None]) -> None:
        interval = 1 / self.limits.packets_per_s
        while not self.stopping:
            began = monotonic()
            try:
                busy = self.round()
            except Exception:  # one bug of ours must not stop every session
                log.exception("The pump stumbled; it goes on.")
                busy = False
            pause = 0.0 if busy else max(0.0, began + interval - monotonic())
            if pause and self.wake.wait(pause):
                self.wake.clear()
            self.socketio.sleep(0)
        for session in list(self.sessions.values()):
            self.end(session, "The server has been stopped.")
        self.socketio.sleep(0.25)  # time for the goodbyes to be sent
        afterwards()

    def round(self) -> bool:
        """One tick of every session; True when one of them has work left."""
        self._take_in()
        busy = False
        for session in list(self.sessions.values()):
            now = monotonic()
            try:
                packets, more = session.tick(now, monotonic, self.waiting)
                busy = busy or more
            except Exception as failed:
                log.exception("Session %s stopped.", session.id)
                kind, reason = type(failed).__name__, str(failed)
                self.end(
                    session, say("A mistake in the server stopped this session ({kind}: {reason}).", kind=kind, reason=reason)
                )
                continue
            for packet in packets:
                self._send(packet.viewers, packet.data)
            if session.viewers:
                self.socketio.sleep(0)  # the tick may have taken a while: give the sockets of others a turn
        self._end_idle(monotonic())
        return busy or bool(self.inbox) or bool(self.joining)

    def _take_in(self) -> None:
        while self.inbox:
            kind, *rest = self.inbox.popleft()
            if kind == "join":
                self.joining.append(*rest)
            elif kind == "leave":
                self._leave(*rest)
            else:
                self._ask(*rest)
        building = True
        while self.joining and building:
            connection = self.joining.popleft()
            building = connection.session in self.sessions
            self._join(connection)
        early, self.early = self.early, []
        for request in early:
            self._ask(*request)

    def _join(self, connection: Connection) -> None:
        if not self._connected(connection):
            return  # with threads, "leave" may have arrived before "join"; the page would stay on the list for ever
        now = monotonic()
        try:
            if not connection.session:
                raise Refused("There is no session at this address; open the front page for a new one.")
            session = self.sessions.get(connection.session)
            owner = session is not None and session.controls.known(connection.secret)
            if len(self.connections) >= self.limits.clients and not owner:
                raise Refused(say("This server has {clients} visitors already; it takes no more.", clients=self.limits.clients))
            session = session or self._open(connection.session, now)
            session.join(connection.viewer, connection.token, now, connection.secret)
        except Refused as refusal:
            self._dismiss(connection, refusal.sentence)
            return
        except Exception as failed:
            log.exception("Session %s could not be opened.", connection.session)
            kind, reason = type(failed).__name__, str(failed)
            self._dismiss(connection, say("This session could not be opened ({kind}: {reason}).", kind=kind, reason=reason))
            return
        self.connections[connection.viewer] = connection

    def _open(self, id: str, now: float) -> Session:
        """A new session. When the house is full, it replaces the least worth keeping of those without viewers."""
        if len(self.sessions) >= self.limits.sessions:
            alone = self._alone()
            if not alone:
                sessions = self.limits.sessions
                raise Refused(say("This server runs {sessions} sessions already; please come back later.", sessions=sessions))
            self.end(alone[-1], "")
        session = self.sessions[id] = self.make_session(id, now, self.limits)
        session.code = code_of(id, self.codes)
        self.codes[session.code] = id
        return session

    def _alone(self) -> list[Session]:
        """The sessions without viewers: first those that had the most viewers, then those that had some until lately."""
        alone = [session for session in self.sessions.values() if session.unwatched_since is not None]
        return sorted(alone, key=lambda session: (session.most_viewers, session.unwatched_since), reverse=True)

    def _end_idle(self, now: float) -> None:
        idle = [session for session in self._alone() if session.idle(now)]
        for place, session in enumerate(idle):
            if session.idle(now, kept=place < self.limits.kept):
                self.end(session, "Nobody was here for a while, so this session has ended.")

    def _leave(self, viewer: str) -> None:
        self.joining = deque(connection for connection in self.joining if connection.viewer != viewer)
        connection = self.connections.pop(viewer, None)
        if connection and connection.session in self.sessions:
            self.sessions[connection.session].leave(viewer, monotonic())

    def _ask(self, viewer: str, message: Any, reply: Callable[[dict[str, Any]], None]) -> None:
        if any(connection.viewer == viewer for connection in self.joining):
            self.early.append((viewer, message, reply))  # a page that comes back sends at once what it could not send before
            return
        connection = self.connections.get(viewer)
        session = self.sessions.get(connection.session) if connection else None
        if session is None:
            return reply({"ok": False, "sentence": "This session has ended; reload the page for a new one."})
        return session.ask(viewer, message, reply)

    def end(self, session: Session, sentence: str) -> None:
        """Ends a session and tells its viewers why."""
        self.sessions.pop(session.id, None)
        self.codes.pop(session.code, None)
        for viewer in list(session.viewers):
            connection = self.connections.pop(viewer, None)
            if connection:
                self._dismiss(connection, sentence, session)

    def _dismiss(self, connection: Connection, sentence: str, session: Session | None = None) -> None:
        seq, run = (session.seq + 1, session.run) if session else (1, 0)
        self._send(
            (connection.viewer,), wire.encoded(seq, run, [wire.bye(sentence)], wire.Stream().for_all([])), connection.eio_sid
        )
        self.socketio.start_background_task(self._hang_up, connection.viewer)

    def _hang_up(self, viewer: str) -> None:
        self.socketio.sleep(0.1)
        self.socketio.server.disconnect(viewer)

    # --- packets to sockets -------------------------------------------------------------------

    def _connected(self, connection: Connection) -> bool:
        socket = self.eio.sockets.get(connection.eio_sid)
        return socket is not None and not (socket.closing or socket.closed)

    def waiting(self, viewer: str) -> int:
        """How many packets this viewer has not taken yet."""
        connection = self.connections.get(viewer)
        socket = self.eio.sockets.get(connection.eio_sid) if connection else None
        return socket.queue.qsize() if socket is not None else 0

    def _send(self, viewers: tuple[str, ...], data: bytes, eio_sid: str = "") -> None:
        """Sends one packet to many viewers, as one binary message that is encoded for Engine.IO once.

        Socket.IO would send two messages for it, and with threads an acknowledgement may get between them.
        """
        packet, frame = EnginePacket(MESSAGE, data), framed(data)
        for viewer in viewers:
            connection = self.connections.get(viewer)
            socket = self.eio.sockets.get(connection.eio_sid if connection else eio_sid)
            if socket is None or socket.closed:
                continue
            try:
                if not _sent_now(socket, frame):
                    socket.send(packet)
            except Exception:  # it closed just now
                log.debug("%s is gone.", viewer)


def framed(data: bytes) -> bytes:
    """A binary message of a WebSocket, as a server sends it (RFC 6455, 5.2)."""
    if len(data) < 126:
        return pack("!BB", 0x82, len(data)) + data
    if len(data) < 1 << 16:
        return pack("!BBH", 0x82, 126, len(data)) + data
    return pack("!BBQ", 0x82, 127, len(data)) + data


def _sent_now(socket: Any, frame: bytes) -> bool:
    """Sends a frame past the queue when nothing is in it. With a thousand viewers the queues cost ten times the sending."""
    line = getattr(socket, "line", None)
    if line is None or not socket.upgraded or socket.closing or not socket.queue.empty() or not socket.check_ping_timeout():
        return False
    sent: int = line.send_now(frame)
    if 0 < sent < len(frame):
        socket.send(EnginePacket(NOOP))  # its writer sends the rest first
    return sent > 0


def register(socketio: SocketIO, limits: Limits = LIMITS, make_session: Callable[..., Session] = Session) -> House:
    """The Socket.IO handlers, with brake and screen under them, and the house they serve."""
    house = House(socketio, limits, make_session)
    server = socketio.server

    def joined(eio_sid: str) -> bool:
        return server.manager.sid_from_eio_sid(eio_sid, "/") is not None

    brake_websockets(server.eio, limits)
    screen_messages(server.eio, joined)
    _mind_the_door(house, joined)

    # These are Socket.IO's own handlers, not Flask's: a request context for each join and each vote costs more than the rest.

    @server.on("connect")
    def connected(viewer: str, environ: dict[str, Any], auth: Any = None) -> None:
        auth = auth if isinstance(auth, dict) else {}
        session, token = auth.get("session"), auth.get("token")
        if not isinstance(session, str) or not SESSION_ID.fullmatch(session):
            session = ""
        if not isinstance(token, str) or not TOKEN.fullmatch(token):
            token = f"{viewer}-without-token"
        secret = parse_cookie(environ).get(cookie_of(session), "") if session else ""
        if not SECRET.fullmatch(secret):
            secret = ""
        eio_sid = server.manager.eio_sid_from_sid(viewer, "/")
        house.arrived("join", Connection(viewer, eio_sid, session, token, secret))

    @server.on("disconnect")
    def disconnected(viewer: str, reason: Any = None) -> None:
        house.arrived("leave", viewer)

    @server.on("command")
    def command(viewer: str, message: Any = None) -> dict[str, Any]:
        return house.answer(viewer, message)

    return house


def _mind_the_door(house: House, joined: Callable[[str], bool]) -> None:
    """Closes Engine.IO connections that join no session, and allows no more connections than the house takes clients."""
    eio, limits = house.eio, house.limits
    welcome = eio.handlers["connect"]

    def admitted(eio_sid: str, environ: dict[str, Any]) -> Any:
        if len(eio.sockets) > limits.clients + limits.sessions:
            return "This server has no room for more visitors."
        eio.start_background_task(see_out, eio_sid)
        return welcome(eio_sid, environ)

    def see_out(eio_sid: str) -> None:
        eio.sleep(limits.hello_s)
        socket = eio.sockets.get(eio_sid)
        if socket is not None and not joined(eio_sid):
            socket.close(wait=False, abort=True, reason=eio.reason.SERVER_DISCONNECT)

    eio.handlers["connect"] = admitted
