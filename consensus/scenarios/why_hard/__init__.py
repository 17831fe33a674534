"""Scenarios of the shelf "Why it is hard at all"."""
