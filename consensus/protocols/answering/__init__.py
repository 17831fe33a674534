"""Protocols of the shelf "Always answer"."""
