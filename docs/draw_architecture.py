"""Draw the picture of the rooms, and write their table, from the layers in ``pyproject.toml``.

Run ``python docs/draw_architecture.py`` after a change to the layers, to what a comment there says
of a room, to who may import what, or to the first line of a room: it writes
``docs/images/architecture.svg`` and the table in ``docs/architecture.md``. A test holds both to it.
"""

import ast
import re
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACT, PAGE = ROOT / "pyproject.toml", ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
START, END = "<!-- rooms: written by draw_architecture.py -->\n", "<!-- end of rooms -->\n"

WALK = {  # steps of the walk, and the rooms that are named after them or make them
    "experiment": ("experiment",),
    "patients": ("patients",),
    "dose": ("dose",),
    "risk": ("tcp", "ntcp"),
    "events": ("response",),
    "sums": ("sums",),
    "result": ("results",),
    "report": ("report",),
}

WIDTH, LEFT, ROW, GAP, TOP = 1000, 44, 42, 7, 12  # pixels
FILL, LINE, INK, FAINT, MARK = "#f4f7fa", "#9fb3c8", "#102a43", "#486581", "#b44d12"


@dataclass(frozen=True)
class Room:
    """A package right under ``radsim``, as the contract speaks of it."""

    name: str
    purpose: str
    exceptions: tuple[str, ...]  # packages that it may import and most rooms may not


def layers() -> list[list[Room]]:
    """Rooms of each layer, the topmost first."""
    text = CONTRACT.read_text(encoding="utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    stated = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    comments = dict(re.findall(r'^\s*"([^"]+)",\s*#\s*(.+?)\s*$', text, flags=re.MULTILINE))
    exceptions: dict[str, dict[str, None]] = {}
    for contract in contracts:
        if contract["type"] == "forbidden" and contract["source_modules"] == ["radsim"]:
            for exception in contract["ignore_imports"]:
                module, _, package = exception.partition(" -> ")
                exceptions.setdefault(module.split(".")[1], {})[package] = None
    rows = []
    for layer in stated:
        names, purposes = layer.split(" | "), comments[layer].split("; ")
        if len(purposes) != len(names):  # one for all of them
            purposes = [comments[layer]] * len(names)
        rows.append(
            [
                Room(name, purpose, tuple(exceptions.get(name, ())))
                for name, purpose in zip(names, purposes, strict=True)
            ]
        )
    return rows


def table() -> str:
    """Every room with the first line of its package and the rooms inside it."""
    lines = ["| layer | room | what for | rooms inside |", "| --- | --- | --- | --- |"]
    rows = layers()
    for number, row in zip(range(len(rows), 0, -1), rows, strict=True):
        for room in row:
            folder = ROOT / "radsim" / room.name
            source = (folder / "__init__.py").read_text(encoding="utf-8")
            first = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
            inside = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
            rooms = ", ".join(f"`{name}`" for name in inside)
            lines.append(f"| {number} | `{room.name}` | {first} | {rooms} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with its table as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table()}\n{END}{after}"


def picture() -> str:
    """The picture: a row for each layer, a box for each room, as SVG."""
    rows = layers()
    bottom = TOP + len(rows) * (ROW + GAP)
    steps = {room: str(i) for i, rooms in enumerate(WALK.values(), 1) for room in rooms}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 40}" '
        f'font-family="Helvetica, Arial, DejaVu Sans, sans-serif" font-size="12" fill="{INK}">',
        "<title>The rooms of radsim: imports point down</title>",
        f'<rect width="{WIDTH}" height="{bottom + 40}" fill="#ffffff"/>',
        f'<path d="M22 {TOP} V{bottom - GAP} m-5 -8 l5 8 l5 -8" fill="none" stroke="{LINE}" '
        'stroke-width="2"/>',
        f'<text transform="translate(15 {bottom / 2:g}) rotate(-90)" text-anchor="middle" '
        f'fill="{FAINT}">imports point down</text>',
    ]
    for i, row in enumerate(rows):
        width = (WIDTH - LEFT - TOP + GAP) / len(row)
        for j, room in enumerate(row):
            x, y = LEFT + j * width, TOP + i * (ROW + GAP)
            parts += _box(room, x, y, width - GAP, steps.get(room.name))
    x = LEFT
    for i, step in enumerate(WALK, 1):
        parts += _badge(str(i), x + 9, bottom + 16)
        parts.append(f'<text x="{x + 24}" y="{bottom + 20}">{step}</text>')
        x += (WIDTH - LEFT) // len(WALK)
    return "\n".join([*parts, "</svg>\n"])


def _box(room: Room, x: float, y: float, width: float, step: str | None) -> list[str]:
    right = x + width
    parts = [
        f'<rect x="{x:g}" y="{y}" width="{width:g}" height="{ROW}" rx="5" fill="{FILL}" '
        f'stroke="{LINE}"/>',
        f'<text x="{x + 12:g}" y="{y + 18}" font-size="14" font-weight="bold">{room.name}</text>',
        f'<text x="{x + 12:g}" y="{y + 34}" fill="{FAINT}">{escape(room.purpose)}</text>',
    ]
    if step is not None:
        parts += _badge(step, right - 16, y + 15)
        right -= 30
    if room.exceptions:
        names = escape(", ".join(room.exceptions))
        parts.append(
            f'<text x="{right - 10:g}" y="{y + 19}" text-anchor="end" font-style="italic" '
            f'fill="{MARK}">{names}</text>'
        )
    return parts


def _badge(text: str, x: float, y: float) -> list[str]:
    return [
        f'<circle cx="{x:g}" cy="{y:g}" r="9" fill="{MARK}"/>',
        f'<text x="{x:g}" y="{y + 4:g}" text-anchor="middle" fill="#ffffff">{text}</text>',
    ]


def main() -> None:
    """Write the picture and the page."""
    PICTURE.write_text(picture(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
