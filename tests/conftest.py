"""For all tests: the server's mode inside this process, and how Hypothesis searches."""

import os

from hypothesis import HealthCheck, settings

# eventlet replaces half the standard library as soon as app.py is imported. Inside pytest we use threads instead; what
# concerns eventlet is tested on a server of its own (tests/browser/conftest.py starts one).
os.environ.setdefault("ASYNC_MODE", "threading")

# No deadline, since the machine is shared; the same examples every time in CI, new ones at a developer's desk.
settings.register_profile("desk", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
