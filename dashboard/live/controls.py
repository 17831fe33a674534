"""Who may act in a session: its owner, a visitor to whom the owner handed the controls, or everybody.

The owner is whoever knows the session's secret. The name of a session that the front page opens is made from its secret
(``name_of``), so the owner is known again even by a server that has started anew. A session that somebody opens by an address
of their own choice belongs to its first visitor. The secret is in a cookie that scripts cannot read, and in a link for the
owner's other devices (``dashboard/web/pages.py``). No frame carries it.

Left out: accounts and names. Visitors who ask are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import pbkdf2_hmac
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any

from consensus.kernel.sentences import Refused, say
from dashboard.web.limits import Limits

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without letters and digits that look alike
NAME_LENGTH = 9
ROUNDS = 1_000  # half a millisecond for us; for who looks for a secret that fits a given name, centuries
SECRET = re.compile(r"[A-Za-z0-9_-]{22}")


def new_secret() -> str:
    return token_urlsafe(16)


def name_of(secret: str) -> str:
    """The name of the session that this secret owns. Nobody can guess it, and nobody learns the secret from it."""
    number = int.from_bytes(pbkdf2_hmac("sha256", secret.encode(), b"capscope session", ROUNDS), "big")
    letters = []
    for _ in range(NAME_LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


def fits(secret: str, id: str) -> bool:
    """True if the session with this name was opened with this secret."""
    return SECRET.fullmatch(secret) is not None and compare_digest(name_of(secret), id)


def same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


class Controls:
    """``viewers`` are the session's, viewer -> token: a token is a visitor's own name, which survives a reload."""

    def __init__(self, id: str, viewers: Mapping[str, str], limits: Limits) -> None:
        self.id = id
        self.viewers = viewers
        self.limits = limits
        self.owner = ""  # the secret; empty until somebody has come
        self.secrets: dict[str, str] = {}  # viewer -> the secret that came with it
        self.owners: dict[str, None] = {}  # the viewers who are the owner: several pages, or none
        self.open = False  # may everybody act?
        self.handed: str | None = None  # the token of the visitor who holds the controls
        self.handed_left: float | None = None
        self.numbers: dict[str, int] = {}  # the token of each visitor who ever asked -> the number shown to the owner
        self.asking: dict[str, float] = {}  # token -> when it asked

    # --- who comes and goes -------------------------------------------------------------------

    def known(self, secret: str) -> bool:
        """Is this the owner's secret?"""
        return bool(self.owner) and (same(secret, self.owner) or fits(secret, self.id))

    def arrive(self, viewer: str, secret: str) -> None:
        """Call it when ``viewers`` has the viewer. The first is the owner, until somebody comes whose secret fits the name."""
        if not self.owner or (not same(secret, self.owner) and fits(secret, self.id)):
            self.owner = secret
            self.open, self.handed = False, None
            self.owners = dict.fromkeys(each for each, its in self.secrets.items() if same(its, secret))
        self.secrets[viewer] = secret
        if same(secret, self.owner):
            self.owners[viewer] = None
        if self.viewers[viewer] == self.handed:
            self.handed_left = None

    def leave(self, viewer: str, token: str, now: float) -> None:
        """Call it when ``viewers`` does not have the viewer any more."""
        self.secrets.pop(viewer, None)
        self.owners.pop(viewer, None)
        if (token not in self.asking and token != self.handed) or token in self.viewers.values():
            return
        self.asking.pop(token, None)
        if token == self.handed:
            self.handed_left = now

    def tick(self, now: float) -> None:
        """A visitor who is gone for a while loses the controls; requests that nobody answers end."""
        if self.handed_left is not None and now - self.handed_left > self.limits.hold_s:
            self.handed = self.handed_left = None
        for token, asked_at in list(self.asking.items()):
            if now - asked_at > self.limits.asking_s:
                del self.asking[token]

    # --- who may what -------------------------------------------------------------------------

    def owns(self, viewer: str) -> bool:
        return viewer in self.owners

    def holds(self, viewer: str) -> bool:
        """May this viewer act?"""
        if viewer not in self.viewers:
            return False
        if self.open:
            return True
        return self.owns(viewer) if self.handed is None else self.viewers[viewer] == self.handed

    def holder(self) -> str:
        if self.handed is not None:
            return "visitor"
        return "owner" if self.owners else "nobody"

    def state(self) -> tuple[Any, ...]:
        """Changes when a frame ``audience`` is due."""
        return self.owner, self.open, self.handed, bool(self.owners), tuple(self.asking)

    def seen(self, owner: bool) -> dict[str, Any]:
        """Fields of the frame ``audience``, as the owner or a visitor may see them."""
        asking = [self.numbers[token] for token in self.asking] if owner else []
        return {"owner": owner, "open": self.open, "asking": asking, "holder": self.holder()}

    # --- commands -----------------------------------------------------------------------------

    def obey_ask_controls(self, viewer: str, now: float) -> dict[str, Any]:
        if self.holds(viewer):
            raise Refused("You may act already.")
        if self.owns(viewer):
            raise Refused("This session is yours: take the controls back.")
        if not self.owners:
            raise Refused("The owner of this session is away; nobody can hand over the controls now.")
        token = self.viewers[viewer]
        if token in self.asking:
            raise Refused(say("You have asked already, as visitor {number}.", number=self.numbers[token]))
        if len(self.asking) >= self.limits.asking or len(self.numbers) >= self.limits.askers:
            raise Refused("Many visitors ask for the controls; try again in a while.")
        self.numbers.setdefault(token, len(self.numbers) + 1)
        self.asking[token] = now
        return {"number": self.numbers[token]}

    def obey_hand(self, viewer: str, now: float, visitor: int) -> None:
        token = next((token for token, number in self.numbers.items() if number == visitor), None)
        if token is None:
            raise Refused(say("There is no visitor {number}.", number=visitor))
        if token not in self.viewers.values():
            raise Refused(say("Visitor {number} is not here any more.", number=visitor))
        self.handed, self.handed_left = token, None
        self.asking.pop(token, None)

    def obey_decline(self, viewer: str, now: float, visitor: int) -> None:
        token = next((token for token in self.asking if self.numbers[token] == visitor), None)
        if token is None:
            raise Refused(say("Visitor {number} does not ask.", number=visitor))
        del self.asking[token]

    def obey_take(self, viewer: str, now: float) -> None:
        self.handed = self.handed_left = None

    def obey_release(self, viewer: str, now: float) -> None:
        if self.handed is None or self.viewers[viewer] != self.handed:
            raise Refused("Nobody has handed you the controls.")
        self.handed = self.handed_left = None

    def obey_open_to_all(self, viewer: str, now: float, open: bool) -> None:
        self.open = open
        self.asking.clear()
