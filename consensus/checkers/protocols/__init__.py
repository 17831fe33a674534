"""Checkers of the safety properties of each paper."""
