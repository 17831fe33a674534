"""Rules for the whole repository: its documents' commands exist, its page uses no other host, its pins are exact."""

import json
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bootstrap

ROOT = Path(__file__).resolve().parents[2]
LARGEST_FILE = 1024 * 1024
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
OTHER_HOST = re.compile(r"""(?:https?:|wss?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+[\w/.-]*""", re.IGNORECASE)
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")  # names, which no browser requests
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w|[A-Z]:\\\\?Users\\")


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in (ROOT / name for name in listed.split("\0") if name) if path.is_file()]


def text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_every_make_target_is_a_command_of_bootstrap_and_the_other_way_round() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^COMMANDS := (.*)$", makefile, flags=re.MULTILINE)
    assert targets and targets[1].split() == list(bootstrap.COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    named = re.findall(r"(?:`|^|&& )(?:make|python3 scripts/bootstrap\.py) (\w+)", text, flags=re.MULTILINE)
    assert named, "it names none"
    assert [name for name in named if name not in bootstrap.COMMANDS] == []


@pytest.mark.parametrize("document", [*DOCUMENTS, "ARCHITECTURE.md", "docs/design.md", "benchmarks/README.md"])
def test_every_file_that_a_document_links_to_is_there(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/design.md", "docs/wire.md", "benchmarks/README.md"])
def test_every_path_that_a_document_names_is_there(document: str) -> None:
    """From the root of the repository, so that a reader can open it as it is written."""
    named = re.findall(r"`((?:\w[\w.-]*/)+[\w.-]*)`", (ROOT / document).read_text())
    assert named, "it names none"
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readmes_script_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```(python|text)\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    (_, script), (_, printed) = blocks
    exec(compile(script, "README.md", "exec"), {})
    assert capsys.readouterr().out == printed


def test_ci_runs_everything_that_is_checked() -> None:
    assert "scripts/bootstrap.py check" in (ROOT / ".ci" / "run").read_text()


def test_the_page_asks_no_other_host() -> None:
    """It must work without a network, and no other host should learn that somebody looks at it."""
    found = []
    for path in committed():
        if path.relative_to(ROOT).parts[0] in ("static", "templates"):
            for match in OTHER_HOST.finditer(text_of(path) or ""):
                if match[0] not in NAMESPACES:
                    found.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert found == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = [str(path.relative_to(ROOT)) for path in committed() if MACHINE_PATH.search(text_of(path) or "")]
    assert [name for name in found if name != "tests/repository/test_repository.py"] == []


def test_no_file_is_large_and_nothing_installed_is_committed() -> None:
    assert [path.name for path in committed() if path.stat().st_size > LARGEST_FILE] == []
    folders = {part for path in committed() for part in path.relative_to(ROOT).parts[:-1]}
    assert not folders & {"node_modules", "vendor", ".venv", "__pycache__"}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_python_packages_are_pinned_exactly(name: str) -> None:
    lines = [line.split(";")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert [line for line in wanted if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_whatever_a_pinned_package_brings_is_pinned_too() -> None:
    """Otherwise its version could change from one day to the next."""
    pins = {canonicalize_name(name) for file in ("requirements.txt", "requirements-dev.txt") for name in pinned(file)}
    installed = [name for name in pins if name != "colorama"]  # which only Windows installs
    brought = [Requirement(line) for name in installed for line in metadata.requires(name) or []]
    needed = {canonicalize_name(it.name) for it in brought if it.marker is None or it.marker.evaluate({"extra": ""})}
    assert sorted(needed - pins) == []


def pinned(file: str) -> list[str]:
    return re.findall(r"^([\w.-]+)==", (ROOT / file).read_text(), flags=re.MULTILINE)


def test_browser_libraries_are_pinned_exactly_and_locked() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} {version}"
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    assert all("integrity" in entry for path, entry in lock["packages"].items() if path)


def test_the_version_is_the_same_everywhere_and_has_its_entry_in_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert json.loads((ROOT / "package.json").read_text())["version"] == version
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_test_that_is_left_out_at_a_desk_exists() -> None:
    """Otherwise a renamed test would run every day, or the list would have dead names."""
    import ast

    listed = next(
        ast.literal_eval(node.value)
        for node in ast.parse((ROOT / "tests" / "conftest.py").read_text()).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "THOROUGH"
    )
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in listed if f"def {name}(" not in written] == []
