"""Masked instances as HTML: words underlined, masks in colour by kind, the label under what replaced it."""

from __future__ import annotations

import html
from itertools import groupby

from zhprep.compare.page import Page
from zhprep.instances import InstancesConfig
from zhprep.instances.view import Cell, Shown

CLASSES = ("", "mask", "random", "keep", "similar", "random", "moved")
"""The style of each value of ``mask_kind``."""

LEGEND = (
    '<p><span class="tag mask">replaced by [MASK]</span><span class="tag random">replaced by a random token</span>'
    '<span class="tag keep">chosen and kept</span><span class="tag similar">replaced by a similar word</span>'
    "words of the segmenter are underlined; below a masked token stands what it was</p>"
)


def instances_page(shown: list[Shown], config: InstancesConfig, name: str) -> str:
    """Return a page that shows instances."""
    what = f"mask {config.mask}, replacement {config.replacing}, format {config.format}"
    page = Page(f"Instances of {name}", what)
    page.markup(LEGEND + "".join(map(instance_html, shown)))
    return page.render()


def instance_html(shown: Shown) -> str:
    """Return one instance as a block of HTML."""
    labels = "".join(f'<span class="tag">{html.escape(name)} = {value}</span>' for name, value in shown.labels.items())
    words = "".join(_word(list(cells)) for _, cells in groupby(shown.cells, key=lambda cell: (cell.word, cell.segment)))
    return f'<div class="instance">{labels}{words}</div>'


def _word(cells: list[Cell]) -> str:
    tokens = "".join(_token(cell) for cell in cells)
    return f'<span class="{"special" if cells[0].word < 0 else "word"}">{tokens}</span>'


def _token(cell: Cell) -> str:
    shown = html.escape(cell.shown.removeprefix("##"))
    if not cell.kind:
        return shown
    return f'<ruby class="{CLASSES[cell.kind]}">{shown}<rt>{html.escape(cell.label)}</rt></ruby>'
