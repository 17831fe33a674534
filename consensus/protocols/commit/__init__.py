"""Protocols of the shelf "All or nothing"."""
