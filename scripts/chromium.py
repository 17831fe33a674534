"""Finds the Chromium for the browser tests and the screenshots; bootstrap.py installs one.

The order: $CHROMIUM, an installed Chromium or Chrome, the one that Playwright installed, the one unpacked in .browser/.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

UNPACKED = Path(__file__).resolve().parent.parent / ".browser" / "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
HOW_TO_GET_ONE = "Install Chromium or Chrome, or set CHROMIUM to the path of one, and run this again."

# No sandbox: Chromium cannot have one in containers or as root. The other arguments stop it from contacting the Internet.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoChromium(Exception):
    """No browser was found. The message says in one sentence why, and how to get one."""


def find_chromium() -> str:
    """The path of a Chromium that starts; raises NoChromium."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        if path := shutil.which(chosen):
            return path
        raise NoChromium(f"CHROMIUM is set to {chosen}, which is not a program. Set it to the path of a Chromium, or unset it.")
    for candidate in (*NAMES, *PLACES, playwright_chromium(), str(UNPACKED)):
        path = shutil.which(candidate)
        if path and starts(path):
            return path
    raise NoChromium(f"The browser tests need Chromium and there is none. {HOW_TO_GET_ONE}")


def starts(path: str) -> bool:
    """True if this is a real browser. Some Linux systems have a stub of that name; only on Linux does --version show it."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        return subprocess.run([path, "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def playwright_chromium() -> str:
    """The newest Chromium from `playwright install chromium`, or a path that does not exist."""
    caches = {"darwin": "Library/Caches/ms-playwright", "win32": "AppData/Local/ms-playwright"}
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / caches.get(sys.platform, ".cache/ms-playwright"))
    programs = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*", "chrome-win*/chrome.exe")
    found = [path for program in programs for path in cache.glob(f"chromium-*/{program}")]
    return str(max(found, key=lambda path: path.stat().st_mtime, default="no-such-browser"))
