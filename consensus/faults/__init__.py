"""Faults that choose: ways to lie, and adversaries that delay messages."""
