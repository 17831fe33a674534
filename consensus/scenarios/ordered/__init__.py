"""Scenarios of the shelf "One order, by quorums"."""
