"""Paths: the root of the project, and test data from elsewhere, which may be absent."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRUTH = ROOT.parent / "shared" / "truth"
