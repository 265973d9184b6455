"""One self-contained HTML page: headings, text, tables, pictures. Everything is escaped here, once."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib import resources
from typing import Any


class Page:
    """A page that is written from top to bottom."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        self._title = title
        self._parts = [f"<header><h1>{html.escape(title)}</h1><p>{html.escape(subtitle)}</p></header>"]

    def heading(self, text: str, note: str = "") -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>" + (f"<p>{html.escape(note)}</p>" if note else ""))

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{html.escape(text)}</p>")

    def table(self, rows: Sequence[Sequence[Any]], *, head: Sequence[str] = ()) -> None:
        """Add a table; numbers stand to the right."""
        top = "<tr>" + "".join(f"<th>{html.escape(name)}</th>" for name in head) + "</tr>" if head else ""
        body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
        self._parts.append(f'<div class="scroll"><table>{top}{body}</table></div>')

    def figure(self, svg: str, caption: str) -> None:
        """Add a plot made by :mod:`zhprep.compare.plots`."""
        if svg:
            self._parts.append(f"<figure>{svg}<figcaption>{html.escape(caption)}</figcaption></figure>")

    def markup(self, markup: str) -> None:
        """Add HTML whose text has been escaped by the caller."""
        self._parts.append(markup)

    def render(self) -> str:
        """Return the page."""
        style = resources.files("zhprep.compare").joinpath("page.css").read_text("utf-8")
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(self._title)}</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
            f"<body><main>{''.join(self._parts)}</main></body></html>\n"
        )


def _cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"<td>{html.escape(str(value))}</td>"
    shown = f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f'<td class="number">{shown}</td>'
