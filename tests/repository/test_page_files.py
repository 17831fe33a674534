"""The page's files: every style sheet is linked, and no script knows a protocol, a role or a message of a paper."""

import re
from pathlib import Path

from consensus.runs import registry
from dashboard.wire import FRAMES, PARTS

ROOT = Path(__file__).resolve().parents[2]
STYLES = ROOT / "static" / "css"
SCRIPTS = [path for path in sorted((ROOT / "static" / "js").rglob("*.js")) if path.name != "wire-types.js"]
COMMENTS = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
TEXTS = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'')
CATALOGUES = ROOT / "static" / "js" / "words" / "en"
SHARED = {"Request", "Reply"}  # the messages of clients, which belong to no paper


def texts(script: Path) -> set[str]:
    code = COMMENTS.sub("", script.read_text("utf-8"))
    return {one or other for one, other in TEXTS.findall(code)}


def test_every_style_sheet_is_linked_once() -> None:
    listed = re.search(r'for sheet in "([^"]+)"', (ROOT / "templates" / "base.html").read_text("utf-8"))
    assert listed is not None
    assert sorted(listed[1].split()) == sorted(path.stem for path in STYLES.glob("*.css"))


def roles() -> set[str]:
    """Every role in the protocols' files."""
    found: set[str] = set()
    for path in (ROOT / "consensus" / "protocols").rglob("*.py"):
        code = path.read_text("utf-8")
        constants = dict(re.findall(r'^([A-Z_]+)(?:: \w+)? = "([a-z -]+)"', code, re.MULTILINE))
        for names, values in re.findall(r'^([A-Z_]+(?:, [A-Z_]+)+) = ("[a-z -]+"(?:, "[a-z -]+")+)', code, re.MULTILINE):
            constants |= dict(zip(names.split(", "), re.findall(r'"([a-z -]+)"', values), strict=False))
        for value in re.findall(r'(?:\brole(?:, [\w.]+)* = |"role": )([^\n]*?)(?:,? "[a-z_]+":|,?\n|$)', code):
            found |= {constants[name] for name in re.findall(r"\b[A-Z_]{3,}\b", value) if name in constants}
            found |= set(re.findall(r'"([a-z][a-z -]+)"', value))
    return found


def shown_timers() -> set[str]:
    """The names of timers that protocols let the stage show."""
    paths = (ROOT / "consensus" / "protocols").rglob("*.py")
    return {name for path in paths for name in re.findall(r'"ring_timer": "(\w+)"', path.read_text("utf-8"))}


def test_the_roles_and_timers_are_found() -> None:
    assert {"leader", "follower", "candidate", "primary", "looking", "proposer"} <= roles()
    assert "election" in shown_timers()


def test_no_script_knows_a_protocol_a_role_or_a_message() -> None:
    cards = registry.protocols().values()
    known = {card.name for card in cards} | {card.title for card in cards} | roles()
    known |= {kind.__name__ for card in cards for kind in card.node.messages} - SHARED
    known |= shown_timers()
    wire = {*FRAMES["events"].fields, *FRAMES["meters"].fields, *(field for part in PARTS.values() for field in part)}
    marks = set(re.findall(r"\w+", FRAMES["marks"].fields["marks"][1]))  # "leader" is also the name of a kind of mark
    for script in SCRIPTS:
        if CATALOGUES not in script.parents:
            found = texts(script) & known - wire - marks
            assert not found, f"{script.relative_to(ROOT)} knows {found}"
