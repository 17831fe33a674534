"""Checkers of what clients saw, and of what copies hold."""
