"""Refuse settings that name a part there is none of, before anything is read or written.

A stage is imported by the check of its settings: a command that has no use for it starts the sooner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.segment import ENGINES as SEGMENTERS
from zhprep.segment import SegmentConfig

if TYPE_CHECKING:
    from zhprep.instances import InstancesConfig
    from zhprep.pinyin import PinyinConfig


def check_segmenter(config: SegmentConfig) -> None:
    """Raise ``UsageError`` with the nearest name for a segmenter that is none of ours (a class is looked for later)."""
    if ":" not in config.cws:
        lookup(SEGMENTERS, config.cws, "segmenter")


def check_pinyin(config: PinyinConfig) -> None:
    """Raise ``UsageError`` with the nearest name for an engine that there is not."""
    from zhprep.pinyin.engines import ENGINES as READERS

    lookup(READERS, config.engine, "pinyin engine")


def check_instances(config: InstancesConfig) -> None:
    """Raise ``UsageError`` with the nearest name for a mask, replacement, corruption or format that there is not, for
    ratios that are not shares, and for similar words without a table of them."""
    from zhprep.instances.corruptions import in_order
    from zhprep.instances.layout import FORMATS
    from zhprep.instances.masks import REPLACEMENTS, STRATEGIES, Chosen, draw_kinds

    lookup(STRATEGIES, config.mask, "mask strategy")
    lookup(REPLACEMENTS, config.replacing, "replacement")
    lookup(FORMATS, config.format, "format")
    in_order(config)
    if config.replacing == "similar" and not config.similar_words:
        raise UsageError(
            "the replacement 'similar' needs a table of similar words",
            hint="give --similar-words FILE; zhprep similar-words makes it of a corpus",
        )
    if config.ratios:
        nothing = np.empty(0, np.int64)
        draw_kinds(Chosen(nothing, nothing.astype(np.uint64), *[nothing] * 5), config.ratios, config.per)


def check_model(
    section: Mapping[str, Any], size: str, instances: InstancesConfig | None = None, where: str = ""
) -> None:
    """Raise ``UsageError`` for a ``[model]`` section with an unknown size, setting, part or stream, or an objective
    that ``instances`` are not made for."""
    from zhprep.collate.views import check_labels, label_column
    from zhprep.models import model_config
    from zhprep.models.recipe import learns, reads

    config = model_config(section, size, 1)
    if instances is not None:
        check_labels(learns(config), {label_column(instances)}, instances, where)
        _check_tags(reads(config), instances, where)


def _check_tags(reads: Mapping[str, tuple[str, ...]], instances: InstancesConfig, where: str) -> None:
    """Raise ``UsageError`` when an objective reads tags of words that no file gives, ``DataError`` for a file that does
    not begin with its tags."""
    from zhprep.instances.layout import TAG_COLUMNS, read_tag_sets

    given = [TAG_COLUMNS[kind] for kind in (read_tag_sets(instances.tags) if instances.tags else ())]
    wanted = {kind: column for kind, column in TAG_COLUMNS.items() for columns in reads.values() if column in columns}
    if missing := [kind for kind, column in wanted.items() if column not in given]:
        lacks = f"{instances.tags} has no {', '.join(missing)}" if instances.tags else "no file of them is named"
        sets = ", ".join(f'"{kind}": ["…"]' for kind in wanted)
        words = ", ".join(f'"{kind}": [[[0, 2, "…"]], []]' for kind in wanted)
        raise UsageError(
            f"{where}: the model learns tags of words ({', '.join(wanted)}), and {lacks}",
            hint=f'give --tags FILE, JSON lines of a tagger: first {{"tags": {{{sets}}}}}, then for each document '
            f'{{"doc": "news.txt:1", {words}}} (docs/guide.md, "Tags of words")',
        )


def check_initial(
    section: Mapping[str, Any], size: str, other: Mapping[str, Any], its_size: str, names: Sequence[str]
) -> None:
    """Raise ``UsageError`` when a model of ``section`` at ``size`` cannot begin with one of the section ``other`` at
    ``its_size``; ``names`` says which two these are."""
    from zhprep.models import model_config

    ours, theirs = model_config(section, size, 1), model_config(other, its_size, 1)
    for width in ("hidden_size", "table_size", "intermediate_size"):
        if getattr(ours, width) != getattr(theirs, width):
            raise UsageError(
                f"{names[0]} has {width} {getattr(ours, width)}, {names[1]}, which it goes on from, "
                f"{getattr(theirs, width)}",
                hint="name a size of the same widths in [initial], or another model with --initial",
            )
