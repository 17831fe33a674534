"""Scenarios of the shelf "All or nothing"."""
