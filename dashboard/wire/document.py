"""The format's page: the tables as Markdown for docs/wire.md."""

from __future__ import annotations

from dashboard.wire.commands import COMMANDS, CommandCard
from dashboard.wire.format import COLUMNS, FRAMES, OBJECTS, FrameCard

BEGIN, END = "<!-- from the tables of dashboard/wire/ -->", "<!-- end of the tables -->"


def document() -> str:
    """The tables as Markdown, for docs/wire.md; ``python -m dashboard.wire docs/wire.md`` renews them there."""
    lines = ["## Frames", ""]
    for name, card in FRAMES.items():
        lines += [f"### `{name}`", "", *_card_lines(card)]
    lines += ["## What stands in frames", ""]
    for name, card in OBJECTS.items():
        lines += [f"### {name}", "", *_card_lines(card)]
    for name, (what, names) in COLUMNS.items():
        lines += [f"### {name} columns", "", what, "", ", ".join(f"`{field}`" for field in names), ""]
    lines += ["## Commands", "", "| type | what it does | fields, beside `id` and `type` |", "|---|---|---|"]
    for name, command in COMMANDS.items():
        fields = "; ".join(
            f"`{field}`{' (may be left out)' if spec.optional else ''}: {spec.words}" for field, spec in command.fields.items()
        )
        lines.append(f"| `{name}` | {command.what}{_senders(command)} | {fields} |")
    return "\n".join([*lines, ""])


def _senders(command: CommandCard) -> str:
    if command.owner:
        return " Only the owner may send it."
    return " Watchers may send it." if command.watcher else ""


def _card_lines(card: FrameCard) -> list[str]:
    rows = [
        f"| `{name}` | {what}{' (may be absent)' if name in card.may_lack else ''} |" for name, (_, what) in card.fields.items()
    ]
    return [card.what, "", "| field | what |", "|---|---|", *rows, ""]


def renewed(page: str) -> str:
    """The page with today's tables between its two markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{document()}\n{END}{after}"
