"""Protocols of the shelf "One order, by quorums"."""
