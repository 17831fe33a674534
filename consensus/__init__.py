"""The simulation: pure and deterministic; no web, no wall clock, no threads, no input or output."""

VERSION = "0.1.0"
