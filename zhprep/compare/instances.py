"""Masked instances as HTML: words underlined, masks in colour by kind, the label below, pinyin above."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import groupby

import pyarrow as pa

from zhprep.compare.page import Page
from zhprep.instances import InstancesConfig
from zhprep.instances.inspect import Cell, Shown, Syllables
from zhprep.instances.masks import KINDS
from zhprep.pinyin.readings import Readings
from zhprep.pinyin.syllables import names
from zhprep.vocab import Vocabulary

CLASSES = ("", "mask", "random", "keep", "similar", "random", "moved")
"""The style of each value of ``mask_kind``."""

MEANINGS = {"next_sentence_label": ("next", "random"), "sentence_order_label": ("in order", "swapped")}
"""What the values of a label mean."""


def syllables_of(rows: pa.Table, vocabulary: Vocabulary) -> Syllables | None:
    """Return what tells how the tokens of ``rows`` sound, None if the rows do not say it."""
    if "pinyin_ids" not in rows.schema.names:
        return None
    return Syllables(names(), Readings.of(vocabulary.tokens))


def instances_page(shown: list[Shown], config: InstancesConfig, name: str) -> str:
    """Return a page that shows instances."""
    corruption = f"corruption {', '.join(config.corruption)}, " if config.corruption else ""
    what = f"{corruption}mask {config.mask}, replacement {config.replacing}, format {config.format}"
    page = Page(f"Instances of {name}", what)
    page.markup(instances_html(shown))
    return page.render()


def instances_html(shown: Sequence[Shown]) -> str:
    """Return instances as HTML, with a legend of the kinds of masks that occur."""
    return legend_html(shown) + "".join(map(instance_html, shown))


def legend_html(shown: Sequence[Shown]) -> str:
    """Return the legend of the kinds of masks that occur in instances."""
    kinds = sorted({cell.kind for instance in shown for cell in instance.cells} - {0})
    tags = "".join(f'<span class="tag {CLASSES[kind]}">{html.escape(KINDS[kind])}</span>' for kind in kinds)
    written = any(instance.target is not None for instance in shown)
    what = "after the arrow" if written else "below a chosen token"
    return f'<p class="note">{tags}Words are underlined; {what} stands what is to be predicted.</p>'


def instance_html(shown: Shown) -> str:
    """Return one instance as a block of HTML."""
    labels = "".join(
        f'<span class="tag">{html.escape(_label(name, value))}</span>' for name, value in shown.labels.items()
    )
    words = "".join(_word(list(cells)) for _, cells in groupby(shown.cells, key=lambda cell: (cell.word, cell.segment)))
    top = f'<div class="labels">{labels}</div>' if labels else ""
    target = "" if shown.target is None else f'<div class="target">→ {"".join(map(_token, shown.target))}</div>'
    return f'<div class="instance" lang="zh">{top}{words}{target}</div>'


def _label(name: str, value: int) -> str:
    meanings = MEANINGS.get(name, ())
    meaning = f": {meanings[value]}" if 0 <= value < len(meanings) else ""
    return f"{name} {value}{meaning}"


def _word(cells: list[Cell]) -> str:
    tokens = "".join(_token(cell) for cell in cells)
    return f'<span class="{"special" if cells[0].word < 0 else "word"}">{tokens}</span>'


def _token(cell: Cell) -> str:
    shown = html.escape(cell.shown.removeprefix("##"))
    if cell.pinyin:
        shown = f'<ruby class="pinyin">{shown}<rt>{html.escape(cell.pinyin)}</rt></ruby>'
    if not cell.kind:
        return shown
    if not cell.label:
        return f'<span class="special">{shown}</span>'
    if CLASSES[cell.kind] == "mask":
        shown = f'<span class="masked">{shown}</span>'
    return f'<ruby class="{CLASSES[cell.kind]}">{shown}<rt>{html.escape(cell.label.removeprefix("##"))}</rt></ruby>'
