"""scripts/bootstrap.py: its texts after a failed setup, when it sets up again, and when it opens a browser.

Everybody who starts the project in a fresh clone tests the setup itself, CI first of all.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
import chromium

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder for everything that bootstrap writes, with the files that it reads."""
    (tmp_path / "scripts").mkdir()
    for name in ("requirements.txt", "requirements-dev.txt", "package-lock.json", "scripts/vendor.mjs"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for name, place in {
        "ROOT": "",
        "LOG": ".setup.log",
        "VENV": ".venv",
        "PYTHON": ".venv/bin/python",
        "MODULES": "node_modules",
        "VENDOR": "static/vendor",
    }.items():
        monkeypatch.setattr(bootstrap, name, tmp_path / place)
    return tmp_path


@pytest.fixture
def steps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps of the setup. Nothing is installed; the test makes only the folders that the installers would make."""
    done: list[str] = []

    def step(what: str, command: list[str | Path], **environment: str) -> None:
        done.append(what)
        for place in (".venv/bin/python", "node_modules/x", "static/vendor/importmap.json"):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).touch()

    monkeypatch.setattr(bootstrap, "step", step)
    monkeypatch.setattr(bootstrap, "node_and_npm", lambda: ("node", ["npm"]))
    return done


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "NewConnectionError: [Errno -3] Temporary failure in name resolution\nERROR: No matching distribution",
            "network did not",
        ),
        ("npm error code EAI_AGAIN", "network did not"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("npm error code ENOSPC", "disk is full"),
        (
            "The virtual environment was not created successfully because ensurepip is not available.",
            "apt install python3-venv",
        ),
        ("[Errno 13] Permission denied: '/opt/x/.venv'", "may not be written to"),
        ("ERROR: No matching distribution found for flask==99", "does not have a version"),
        ("something else", ".setup.log says why"),
    ],
)
def test_a_failure_is_one_sentence_that_says_what_to_do(said: str, sentence: str) -> None:
    assert sentence in bootstrap.why("Installing", said)


def test_a_step_that_fails_keeps_what_the_installer_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(bootstrap.SetupFailed, match="disk is full"):
        bootstrap.step("Filling", [sys.executable, "-c", "print('No space left on device'); raise SystemExit(1)"])
    assert "No space left on device" in (folder / ".setup.log").read_text()
    assert "Filling failed" in capsys.readouterr().out


def test_a_step_whose_program_is_missing_fails_with_a_sentence(folder: Path) -> None:
    with pytest.raises(bootstrap.SetupFailed, match="Calling failed"):
        bootstrap.step("Calling", [folder / "no-such-program"])


def test_an_unknown_command_is_refused_with_the_list_of_commands() -> None:
    script = ROOT / "scripts" / "bootstrap.py"
    ended = subprocess.run([sys.executable, script, "fly"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert ended.returncode == 2
    assert "invalid choice: 'fly'" in ended.stderr
    assert "screenshot" in ended.stderr


# --- once is enough ---------------------------------------------------------------------------------------------------


def test_a_second_start_sets_nothing_up(steps: list[str]) -> None:
    bootstrap.set_up()
    assert steps == [
        "Making the Python environment",
        "Installing the packages it runs on",
        "Fetching the browser libraries",
        "Copying what the page loads",
    ]
    steps.clear()
    bootstrap.set_up()
    assert steps == []


def test_tests_add_what_they_need_and_leave_a_later_start_nothing_to_do(steps: list[str]) -> None:
    bootstrap.set_up()
    steps.clear()
    bootstrap.set_up(dev=True)
    assert steps == ["Installing the packages for tests", "Fetching the browser libraries", "Copying what the page loads"]
    steps.clear()
    bootstrap.set_up(dev=True)
    bootstrap.set_up()
    assert steps == []


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("requirements.txt", ["Installing the packages it runs on"]),
        ("package-lock.json", ["Fetching the browser libraries", "Copying what the page loads"]),
        ("scripts/vendor.mjs", ["Fetching the browser libraries", "Copying what the page loads"]),
        ("requirements-dev.txt", []),
    ],
)
def test_what_has_changed_is_set_up_again(folder: Path, steps: list[str], changed: str, again: list[str]) -> None:
    bootstrap.set_up()
    steps.clear()
    (folder / changed).write_text((folder / changed).read_text() + "\n")
    bootstrap.set_up()
    assert steps == again


def test_an_environment_that_was_left_half_made_is_made_anew(folder: Path, steps: list[str]) -> None:
    bootstrap.set_up()
    (folder / ".venv" / "made").unlink()
    (folder / ".venv" / "left-over").touch()
    steps.clear()
    bootstrap.set_up()
    assert steps[:2] == ["Making the Python environment", "Installing the packages it runs on"]
    assert not (folder / ".venv" / "left-over").exists()


# --- the browser ------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_BROWSER", "SSH_CONNECTION", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")


def test_the_page_is_opened_where_there_is_a_screen(at_a_desk: None) -> None:
    assert bootstrap.has_screen()


@pytest.mark.parametrize("name", ["CI", "NO_BROWSER", "SSH_CONNECTION"])
def test_the_page_is_not_opened_where_nobody_looks(at_a_desk: None, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert not bootstrap.has_screen()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be without a display")
def test_the_page_is_not_opened_without_a_display(at_a_desk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY")
    assert not bootstrap.has_screen()


def test_a_port_in_use_is_seen_and_is_left_to_the_server_to_say() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert not bootstrap.is_free("127.0.0.1", port)
    assert bootstrap.is_free("127.0.0.1", port)
    assert not bootstrap.is_free("127.0.0.1", "a port")


# --- Chromium ---------------------------------------------------------------------------------------------------------


def test_the_chromium_that_was_chosen_is_taken_or_refused_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert chromium.find_chromium() == sys.executable
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    with pytest.raises(chromium.NoChromium, match="CHROMIUM is set to /no/such/browser"):
        bootstrap.set_up_chromium()


def test_without_any_chromium_every_way_is_tried_and_then_a_sentence_says_how(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "UNPACKED", tmp_path / "chromium")
    monkeypatch.setattr(chromium, "PLACES", ())
    tried = []
    for way in ("apt", "playwright", "npm"):
        monkeypatch.setattr(bootstrap, f"chromium_from_{way}", lambda way=way: tried.append(way))
    with pytest.raises(bootstrap.SetupFailed, match="Install Chromium or Chrome, or set CHROMIUM"):
        bootstrap.set_up_chromium()
    assert tried == ["apt", "playwright", "npm"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="such stubs exist on Linux only")
def test_a_stub_under_chromiums_name_is_no_chromium(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\necho 'Please install the snap.' >&2\nexit 1\n")
    stub.chmod(0o755)
    assert not chromium.starts(str(stub))
    stub.write_text("#!/bin/sh\necho Chromium 1\n")
    assert chromium.starts(str(stub))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert chromium.find_chromium() == str(stub)
