"""Sentences for people: why something cannot be done."""

from __future__ import annotations


class Refused(ValueError):
    """What was asked cannot be done; the message is one sentence for the person who asked."""
