"""`python -m dashboard.wire docs/wire.md static/js/lib/wire-types.js` writes again what is generated from the tables."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboard.wire import types
from dashboard.wire.document import renewed

for path in map(Path, sys.argv[1:]):
    path.write_text(types.script() if path.suffix == ".js" else renewed(path.read_text("utf-8")), "utf-8")
