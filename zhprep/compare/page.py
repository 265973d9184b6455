"""One self-contained HTML page: headings, text, tables, pictures. Everything is escaped here, once."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from zhprep.compare import fonts

POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
"""What a browser lets the page do: show styles and fonts that are in it, and load nothing."""

NO_GLYPHS = (
    "Chinese characters show where the reader's machine has a font for them: fontTools, which puts their glyphs into "
    "the page, was not installed (pip install fonttools)."
)

_FIGURE = re.compile(r"[\d,.]+%?( ± [\d,.]+%?)?")


class Page:
    """A page that is written from top to bottom."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        self._title = title
        self._parts = [f"<header><h1>{html.escape(title)}</h1><p>{html.escape(subtitle)}</p></header>"]

    def heading(self, text: str, note: str = "") -> None:
        """Begin a section."""
        self._parts.append(
            f"<h2>{html.escape(text)}</h2>" + (f'<p class="note">{html.escape(note)}</p>' if note else "")
        )

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{html.escape(text)}</p>")

    def bullets(self, texts: Sequence[str], *, style: str = "") -> None:
        """Add a list of sentences; ``style`` is a class of the style sheet."""
        items = "".join(f"<li>{html.escape(text)}</li>" for text in texts)
        self._parts.append(f'<ul class="{html.escape(style)}">{items}</ul>')

    def tiles(self, tiles: Sequence[tuple[str, str, str]]) -> None:
        """Add figures to be seen first: what it is, the figure, and what to compare it with."""
        shown = (
            f'<div class="tile"><span>{html.escape(label)}</span><b>{html.escape(figure)}</b>'
            f"<span>{html.escape(note)}</span></div>"
            for label, figure, note in tiles
        )
        self._parts.append(f'<div class="tiles">{"".join(shown)}</div>')

    def table(self, rows: Sequence[Sequence[Any]], *, head: Sequence[str] = ()) -> None:
        """Add a table; numbers stand to the right."""
        self._parts.append(table(rows, head=head))

    def figure(self, svg: str, caption: str) -> None:
        """Add a plot made by :mod:`zhprep.compare.plots`."""
        self._parts.append(figure(svg, caption))

    def beside(self, *parts: str) -> None:
        """Add tables and figures beside one another, where the window is wide enough."""
        self._parts.append(f'<div class="beside">{"".join(f"<div>{part}</div>" for part in parts if part)}</div>')

    def fold(self, title: str, text: str) -> None:
        """Add text that is opened with a click."""
        shown = f"<summary>{html.escape(title)}</summary><pre>{html.escape(text)}</pre>"
        self._parts.append(f"<details>{shown}</details>")

    def markup(self, markup: str) -> None:
        """Add HTML whose text has been escaped by the caller."""
        self._parts.append(markup)

    def render(self) -> str:
        """Return the page, with the glyphs of its Chinese characters in it; it loads nothing and runs nothing."""
        body = "".join(self._parts)
        characters = fonts.needed(html.unescape(body))
        if characters and not fonts.is_there():
            body += f'<p class="note">{NO_GLYPHS}</p>'
            characters = set()
        style = resources.files("zhprep.compare").joinpath("page.css").read_text("utf-8") + fonts.font_css(characters)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(self._title)}</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
            f"<body><main>{body}</main></body></html>\n"
        )


def table(rows: Sequence[Sequence[Any]], *, head: Sequence[str] = ()) -> str:
    """Return a table as HTML; a column whose values are numbers, or begin with one, stands to the right."""
    right = {place for row in rows for place, value in enumerate(row) if _is_figure(value)}
    classes = [' class="number"' if place in right else "" for place in range(max(map(len, rows), default=0))]
    top = "<tr>" + "".join(f"<th{classes[n]}>{html.escape(name)}</th>" for n, name in enumerate(head)) + "</tr>"
    body = "".join(
        "<tr>" + "".join(_cell(value, aside=bool(classes[n])) for n, value in enumerate(row)) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table>{top if head else ""}{body}</table></div>'


def _cell(value: Any, *, aside: bool) -> str:
    """Return a cell; one in a column of numbers stands to the right, and breaks if it is a text."""
    style = "" if not aside else ' class="number"' if _is_figure(value) else ' class="right"'
    return f"<td{style}>{html.escape(_shown(value))}</td>"


def figure(svg: str, caption: str) -> str:
    """Return a plot with what it shows, or nothing when there is no plot."""
    return f"<figure><figcaption>{html.escape(caption)}</figcaption>{svg}</figure>" if svg else ""


def _is_figure(value: Any) -> bool:
    if isinstance(value, str):
        return _FIGURE.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
