"""`python -m dashboard.wire docs/wire.md` renews the tables on that page."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboard.wire.document import renewed

for name in sys.argv[1:]:
    Path(name).write_text(renewed(Path(name).read_text("utf-8")), "utf-8")
