"""Scenarios of the shelf "Always answer"."""
