"""Where things are: the root of the project, and ground truth that it did not write (absent outside its workshop)."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRUTH = ROOT.parent / "shared" / "truth"
