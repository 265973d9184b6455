"""Figures of instances by name, for people and for ``--json``.

In: figures. Out: plain numbers: rates by word size, kinds, runs, labels, lengths.
"""

from __future__ import annotations

from typing import Any

from zhprep.core.ragged import Ints
from zhprep.instances.inspect.figures import BINS, Figures
from zhprep.instances.masks import KINDS


def statistics(figures: Figures, max_length: int) -> dict[str, Any]:
    """Return the figures as plain values, shares rounded to five places."""
    sizes = [_last(str(size), size == len(figures.words)) for size in range(1, len(figures.words) + 1)]
    runs = [_last(str(run), run == len(figures.runs)) for run in range(1, len(figures.runs) + 1)]
    width = max_length / BINS
    bins = [f"{round(width * place) + 1}-{round(width * (place + 1))}" for place in range(BINS)]
    return {
        "instances": figures.instances,
        "tokens": figures.tokens,
        "chosen_tokens": figures.chosen,
        "chosen_share": _ratio(figures.chosen, figures.tokens),
        "fill": _ratio(figures.tokens, figures.instances * max_length),
        "chosen_share_by_word_size": {
            name: _ratio(int(chosen), int(all_))
            for name, chosen, all_ in zip(sizes, figures.chosen_words, figures.words, strict=True)
            if all_
        },
        "words_by_size": _shares(sizes, figures.words),
        "runs_of_chosen_words": _shares(runs, figures.runs),
        "kinds": _shares(list(KINDS), figures.kinds),
        "labels": {name: _ratio(int(counts[1]), int(counts.sum())) for name, counts in figures.labels.items()},
        "lengths": _shares(bins, figures.lengths),
    }


def _shares(names: list[str], counts: Ints) -> dict[str, float]:
    """Return counts ``int64[N]`` by name as shares, without those that are 0."""
    total = int(counts.sum())
    return {name: _ratio(int(count), total) for name, count in zip(names, counts, strict=True) if count}


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


def _last(name: str, is_last: bool) -> str:
    return f"{name}+" if is_last else name
