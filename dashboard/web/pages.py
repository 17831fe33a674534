"""HTTP: the page of a session, its files, /healthz, and error pages in plain English."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from consensus import VERSION
from dashboard.live.controls import SECRET, name_of, new_secret
from dashboard.web.handlers import SESSION_ID, House, cookie_of
from dashboard.web.reach import Reach, qr

VENDOR = "vendor"
YEAR_S = 365 * 24 * 3600
COOKIE_S = 7 * 24 * 3600
SENTENCES = {
    400: "The server could not make sense of that request.",
    403: "Only the owner of this session gets that.",
    404: "There is nothing at this address.",
    405: "That is not how this address is used.",
    413: "That was too much at once.",
}


class Vendor:
    """The browser libraries in static/vendor. Each address has the version in it, so that browsers may cache the file."""

    def __init__(self, static: Path) -> None:
        self.folder = static / VENDOR

    def missing(self) -> bool:
        return not (self.folder / "importmap.json").is_file()

    def address(self, name: str) -> str:
        """/static/vendor/name?v=..., or empty when the file is not there."""
        path = self.folder / name
        if not path.is_file():
            return ""
        return f"/static/{VENDOR}/{name}?v={hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()}"

    def import_map(self) -> str:
        """The text of the page's import map: what ``import "preact"`` means."""
        table = json.loads((self.folder / "importmap.json").read_text("utf-8"))
        prefix = f"/static/{VENDOR}/"
        imports = {name: self.address(url.removeprefix(prefix)) or url for name, url in table["imports"].items()}
        return json.dumps({"imports": imports}, separators=(",", ":")).replace("<", "\\u003c")


def register(app: Flask, house: House, reach: Reach) -> None:
    """Routes, headers and error pages."""
    pages = Blueprint("pages", __name__)
    vendor = Vendor(Path(str(app.static_folder)))
    skeleton = _Skeleton(vendor)

    @pages.get("/")
    def newcomer() -> Response:
        secret = new_secret()
        return _to_session(name_of(secret), secret, request.args.get("talk", "")[:300])

    @pages.get("/s/<id>")
    def session(id: str) -> Response:
        return page_of(id, "index.html")

    @pages.get("/s/<id>/speaker")
    def speaker(id: str) -> Response:
        return page_of(id, "speaker.html")

    def page_of(id: str, template: str) -> Response:
        if not SESSION_ID.fullmatch(id):
            return _error_page(404, "There is no session here: its name would be 8 to 10 small letters and digits.")
        if (secret := request.args.get("owner")) is not None:
            if not SECRET.fullmatch(secret) or not house.owned(id, secret):
                return _error_page(403, "This link does not make you the owner of this session. Ask the owner for a new one.")
            return _to_session(id, secret)
        if vendor.missing():
            return _error_page(503, "The page's libraries are not here yet. Stop the server and start it with: make run")
        import_map, policy = skeleton()
        answer = Response(render_template(template, session=id, import_map=Markup(import_map), vendor=vendor))
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Content-Security-Policy"] = policy
        if not house.taken(id) and cookie_of(id) not in request.cookies:
            _give(answer, id, new_secret())  # whoever opens a session by an address of their own choice becomes its owner
        return answer

    @pages.get("/j/<code>")
    @pages.get("/J/<code>")
    def join(code: str) -> Response:
        id = house.codes.get(code.lower())
        if id is None:
            return _error_page(404, "There is no session with this code now. Look at the screen again, or ask the speaker.")
        return Response(status=302, headers={"Location": f"/s/{id}", "Cache-Control": "no-store"})

    @pages.get("/s/<id>/join")
    def joining(id: str) -> Response:
        """How others join: short addresses, the best first; none when phones cannot reach this server."""
        return _fresh(jsonify({"addresses": [f"{at}/j/{_code(id)}" for at in reach.offered(request.scheme, request.host)]}))

    @pages.get("/s/<id>/join.svg")
    def join_code(id: str) -> Response:
        address = f"{_offered()}/j/{_code(id)}"
        return _image(qr(address.upper()))  # small letters would need a finer code; names of hosts and /J/ take capitals

    @pages.get("/s/<id>/owner")
    def owner_link(id: str) -> Response:
        return _fresh(jsonify({"link": _owner_link(id)}))

    @pages.get("/s/<id>/owner.svg")
    def owner_code(id: str) -> Response:
        return _image(qr(_owner_link(id)))

    def _code(id: str) -> str:
        session = house.sessions.get(id)
        return session.code if session is not None else abort(404)

    def _offered() -> str:
        """The address that the page chose from those which it may show."""
        at = request.args.get("at", "")
        return at if at in reach.offered(request.scheme, request.host) else abort(404)

    def _owner_link(id: str) -> str:
        """Only for the owner's own page: another site's request comes without the cookie, or says where it comes from."""
        secret = request.cookies.get(cookie_of(id), "")
        foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
        if foreign or not SECRET.fullmatch(secret) or not house.owned(id, secret):
            abort(403)
        return f"{_offered()}/s/{id}?owner={secret}"

    @pages.get("/healthz")
    def health() -> Response:
        body = {
            "version": VERSION,
            "uptime": round(monotonic() - house.started, 1),
            "sessions": len(house.sessions),
            "clients": len(house.connections),
        }
        answer: Response = jsonify(body)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @pages.get("/favicon.ico")
    def icon() -> Response:
        return Response(status=204)

    app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _broken(app))
    app.after_request(_headers)


def _fresh(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _image(svg: bytes) -> Response:
    return _fresh(Response(svg, mimetype="image/svg+xml"))


def _to_session(id: str, secret: str, talk: str = "") -> Response:
    """Sends the owner to a session's page. The secret goes into a cookie, and does not stay in the address bar."""
    address = f"/s/{id}?talk={quote(talk)}" if talk else f"/s/{id}"
    answer = Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
    return _give(answer, id, secret)


def _give(answer: Response, id: str, secret: str) -> Response:
    """Sets the owner's cookie, for the two paths that need it; the page's other files are requested without it."""
    for path in (f"/s/{id}", "/socket.io/"):
        answer.set_cookie(
            cookie_of(id), secret, max_age=COOKIE_S, path=path, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return answer


class _Skeleton:
    """The import map and the policy that allows only this inline script; both are made anew when the libraries change."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.made_at = -1
        self.made = ("", "")

    def __call__(self) -> tuple[str, str]:
        changed_at = (self.vendor.folder / "importmap.json").stat().st_mtime_ns
        if changed_at != self.made_at:
            text = self.vendor.import_map()
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.made_at, self.made = changed_at, (text, policy(f"'sha256-{digest}'"))
        return self.made


def policy(*scripts: str) -> str:
    """The content security policy: everything comes from this server, and only the named inline scripts may run."""
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(("'self'", *scripts)),
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _headers(answer: Response) -> Response:
    headers = answer.headers
    headers.setdefault("Content-Security-Policy", policy())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if request.path.startswith("/static/"):
        versioned = request.path.startswith(f"/static/{VENDOR}/") and "v" in request.args and answer.status_code in (200, 304)
        headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if versioned else "no-cache"
    return answer


def _error_page(code: int, sentence: str) -> Response:
    answer = Response(render_template("error.html", code=code, sentence=sentence), status=code)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _refused(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    return _error_page(error.code, SENTENCES.get(error.code, "That did not work."))


def _broken(app: Flask) -> Callable[[Exception], Response]:
    def broken(error: Exception) -> Response:
        app.logger.error("Error at %s", request.path, exc_info=error)
        return _error_page(500, "Something went wrong in the server. It has been written to its log; other pages go on.")

    return broken
