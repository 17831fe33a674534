"""Do the browser tests pass on a busy machine? Runs them several times, with an endless loop on every core.

    python scripts/steady.py [TIMES] [further arguments of pytest]

A test that depends on the wall clock fails here sooner or later; a test that waits for states is only slower. This script ends
the loops by their process ids, even when it is interrupted.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RED = ROOT / "test-results" / "steady.txt"  # all that the last red run printed
TIMES = 10
FOREVER = "while True: pass"
SUMMARY = re.compile(r"^(?:FAILED|ERROR) .*|^=* ?\d+ (?:passed|failed|error).*", re.MULTILINE)


@contextlib.contextmanager
def busy(cores: int) -> Iterator[None]:
    """Keeps this many processes busy with empty loops."""
    loops = [subprocess.Popen([sys.executable, "-c", FOREVER]) for _ in range(cores)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run_once(arguments: list[str]) -> tuple[bool, float, list[str]]:
    """Whether all tests passed, how many seconds it took, and pytest's lines about it."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *(arguments or ["tests/browser"])]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        RED.parent.mkdir(exist_ok=True)
        RED.write_text(done.stdout + done.stderr)
    lines = SUMMARY.findall(done.stdout) or [(done.stdout + done.stderr).strip()[-400:]]
    return done.returncode == 0, time.monotonic() - began, lines


def main(arguments: list[str]) -> int:
    times = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else TIMES
    cores = os.cpu_count() or 1
    green = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an ordinary exit ends the loops, too
    with busy(cores):
        for number in range(1, times + 1):
            passed, seconds, lines = run_once(arguments)
            green += passed
            print(f"{number} of {times}: {'green' if passed else 'RED'}, {seconds:.0f} s; {'; '.join(lines)}", flush=True)
    print(f"{green} of {times} runs were green beside {cores} busy cores.")
    return 0 if green == times else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
