"""CAPscope's server: ``python app.py``, or ``create_app()`` for a server of your own.

The environment sets HOST (127.0.0.1), PORT (5000), ASYNC_MODE (eventlet or threading), DEBUG (0 or 1) and ORIGINS (further
addresses of the page, separated by commas). Left out: TLS (put a proxy in front) and more than one process.
"""

import os
import warnings

if __name__ == "__main__" and os.environ.get("ASYNC_MODE", "eventlet") == "eventlet":
    with warnings.catch_warnings():  # eventlet warns at every start that its maintenance ends; threading is the alternative
        warnings.simplefilter("ignore")
        import eventlet

        eventlet.monkey_patch()

import contextlib
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from flask import Flask
from flask_socketio import SocketIO

from dashboard.web import handlers, pages
from dashboard.web.flood import StrictJSON, doorkeeper
from dashboard.web.limits import LIMITS, Limits
from dashboard.web.reach import EVERYWHERE, Reach, in_address, is_loopback

ASYNC_MODES = ("eventlet", "threading")
BACKLOG = 2048  # with 50, a thousand phones take a minute to join
CONNECTIONS_MAX = 4096
SILENCE_S = 10  # a silent socket that is not a WebSocket is closed after this time
PING_S = 10
TRUE, FALSE = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


class BadSetting(Exception):
    """A setting that is not possible; the message is one sentence."""


class Settings(NamedTuple):
    host: str
    port: int
    async_mode: str
    debug: bool
    origins: tuple[str, ...]


def settings(environ: Mapping[str, str]) -> Settings:
    """What the environment asks for, or BadSetting with a sentence."""
    host = environ.get("HOST", "") or "127.0.0.1"
    port = environ.get("PORT", "") or "5000"
    if not (port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise BadSetting(f"PORT must be a whole number from 0 to 65535 (0: any free one), not {port!r}.")
    async_mode = environ.get("ASYNC_MODE", "eventlet")
    if async_mode not in ASYNC_MODES:
        raise BadSetting(f"ASYNC_MODE must be {' or '.join(ASYNC_MODES)}, not {async_mode!r}.")
    debug = environ.get("DEBUG", "").lower()
    if debug not in TRUE + FALSE:
        raise BadSetting(f"DEBUG must be 0 or 1, not {debug!r}.")
    if debug in TRUE and not is_loopback(host):
        raise BadSetting("DEBUG shows the inside of the server to every visitor; it is only for HOST=127.0.0.1.")
    origins = tuple(origin.strip().rstrip("/") for origin in environ.get("ORIGINS", "").split(",") if origin.strip())
    for origin in origins:
        if not origin.startswith(("http://", "https://")):
            raise BadSetting(f"ORIGINS must be addresses such as https://capscope.example, not {origin!r}.")
    return Settings(host, int(port), async_mode, debug in TRUE, origins)


def create_app(
    async_mode: str = "eventlet",
    reach: Reach | None = None,
    debug: bool = False,
    limits: Limits = LIMITS,
    **house_options: Any,
) -> Flask:
    """The application. Its house of sessions is ``app.extensions["house"]``; ``house.start()`` starts the pump."""
    reach = reach or Reach()
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=limits.message_bytes, TEMPLATES_AUTO_RELOAD=debug)
    socketio = SocketIO(
        app,
        async_mode=async_mode,
        async_handlers=False,  # a visitor's next command is read when the last one is answered
        always_connect=True,  # the connect packet is sent before the first frame
        manage_session=False,
        cors_allowed_origins=reach.allows,
        max_http_buffer_size=limits.message_bytes,
        http_compression=False,  # packets are compressed already, once for everybody
        json=StrictJSON,
        ping_interval=PING_S,
        ping_timeout=PING_S,
        engineio_logger=our_mistakes("engineio"),
        logger=our_mistakes("socketio"),
    )
    app.wsgi_app = doorkeeper(app.wsgi_app, socketio.sleep, limits)  # type: ignore[method-assign, assignment]
    house = handlers.register(socketio, limits, **house_options)
    app.extensions["house"] = house
    pages.register(app, house, reach)
    return app


def our_mistakes(name: str) -> logging.Logger:
    """A logger for exceptions only: mistakes of visitors are not worth a line each."""
    logger = logging.getLogger(f"capscope.{name}")
    logger.setLevel(logging.ERROR)
    logger.addFilter(lambda record: record.exc_info is not None)
    return logger


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there, or BadSetting with a sentence."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(listener.close)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # small packets must not wait for each other
            listener.bind(address)
            listener.listen(BACKLOG)
            on_failure.pop_all()  # it listens: keep it open
    except socket.gaierror:
        raise BadSetting(f"HOST={host} is no address of this machine.") from None
    except OSError as refused:
        if refused.errno == errno.EADDRINUSE:
            in_use = f"Port {port} is in use already: stop what uses it, or choose another, such as PORT={port + 1}."
            raise BadSetting(in_use) from None
        if refused.errno == errno.EACCES:
            raise BadSetting(f"Port {port} is not ours to use: choose one above 1023, such as PORT=5000.") from None
        raise BadSetting(f"CAPscope cannot listen at {host}, port {port}: {refused.strerror}.") from None
    return listener


def serve(app: Flask, listener: socket.socket, async_mode: str) -> None:
    """Serves until the process ends."""
    if async_mode == "eventlet":
        import eventlet.wsgi

        class Quiet(eventlet.wsgi.HttpProtocol):  # type: ignore[misc]
            def log_message(self, *_: Any) -> None:
                """Mistakes of visitors are not worth a line each."""

        eventlet.wsgi.server(
            listener,
            app,
            max_size=CONNECTIONS_MAX,
            keepalive=SILENCE_S,
            socket_timeout=SILENCE_S,
            log_output=False,
            debug=False,
            protocol=Quiet,
        )
        return
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        timeout = SILENCE_S

        def run_wsgi(self) -> None:
            super().run_wsgi()
            if "Upgrade" in self.headers:
                self.close_connection = True  # bytes after a WebSocket are not another request

        def log_error(self, *_: Any) -> None:
            """Mistakes of visitors are not worth a line each."""

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    host, port = listener.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, request_handler=Handler, fd=listener.fileno())
    server.socket.listen(BACKLOG)
    server.serve_forever()


def run(chosen: Settings) -> None:
    """Listens, prints the address and serves. On SIGTERM or Ctrl+C everybody gets a goodbye before the end."""
    listener = listening(chosen.host, chosen.port)
    port = listener.getsockname()[1]
    reach = Reach(chosen.host, port, chosen.origins)
    app = create_app(chosen.async_mode, reach, chosen.debug)
    house = app.extensions["house"]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: house.stop())
    house.start(afterwards=leave)
    gc.collect()
    gc.freeze()  # these objects stay; collections that visit them again and again stopped the stream for up to 146 ms
    gc.set_threshold(100_000, 50, 1000)
    here = "127.0.0.1" if chosen.host in (*EVERYWHERE, "localhost") else chosen.host
    print(f"CAPscope is at http://{in_address(here)}:{port}", flush=True)
    if chosen.host in EVERYWHERE:
        for address in reach.network() or ["(this machine is in no network now)"]:
            print(f"  for others in this network: {address}", flush=True)
    serve(app, listener, chosen.async_mode)


def leave() -> NoReturn:
    """Ends the process at once: open connections would delay an ordinary exit."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def main() -> int:
    try:
        chosen = settings(os.environ)
        level = logging.INFO if chosen.debug else logging.WARNING
        logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
        run(chosen)
    except BadSetting as bad:
        print(bad, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
