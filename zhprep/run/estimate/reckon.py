"""From what a sample took to what the whole corpus takes, with the error by sampling.

What grows with the corpus is a ratio: what all parts took by the bytes of files they stand for, times the bytes of all
files. Its error is the standard error of a ratio over parts taken at regular places.

What a block of counts holds, and what is learnt from all of them, grows as the number of distinct pieces does: as the
text to the power of ``exponent`` (Heaps' law), which comes from the counts of every other part and those of all, each
in one block: of the same mixture, and where the law is drawn on from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from zhprep.core.corpus.plan import block_size_for
from zhprep.run.estimate.measure import Measured, Planned, StageCost


def reckon(
    measured: Measured, total: int, *, sampled_of: int, block_size: int | None, planned: Planned | None = None
) -> dict[str, Any]:
    """Return what a corpus of ``total`` bytes in files costs, of which, or of whose like, ``sampled_of`` bytes were
    there to be sampled: text, blocks, and for each stage core-hours, disk, files, memory of a worker.

    ``planned`` is what planning the whole of it has told, where that was done.
    """
    raw = [part.raw for part in measured.parts]
    seen = min(1.0, sum(raw) / sampled_of) if total == sampled_of else 0.0  # of a part that was seen there is no error
    scale = _Scale(raw, total, seen)
    text, text_error = scale.of([part.text for part in measured.parts])
    documents = scale.of([part.documents for part in measured.parts])
    if planned is not None:
        text, text_error, documents = planned.text, 0.0, (planned.documents, 0.0)
    size = block_size or block_size_for(round(text))
    n_blocks = max(1, math.ceil(text / size)) if planned is None else planned.blocks
    exponent = _exponent(measured)
    grown = _Grown(sum(part.text for part in measured.parts), exponent, text)
    grown.block = grown.of(text / n_blocks, _exponent_below(measured))
    stages = [_stage(stage, scale, grown, n_blocks, measured.beside) for stage in measured.stages]
    if planned is not None:
        stages[0]["core_hours"] = _amount(planned.seconds / 3600)
    last = next(stage for stage in reversed(measured.stages) if stage.grows == "blocks")
    return {
        "bytes": total, "text_bytes": _amount(text, text_error), "documents": _amount(*documents),
        "characters": _amount(*scale.of([took.characters for took in last.parts])), "block_size": size,
        "blocks": n_blocks, "heaps_exponent": round(exponent, 3), "start_seconds": round(measured.start, 3),
        "stages": stages,
        "total": {
            "core_hours": _amount(*_sum([stage["core_hours"] for stage in stages])),
            "disk_bytes": _amount(*_sum([stage["disk_bytes"] for stage in stages])),
            "files": sum(stage["files"] for stage in stages),
            "worker_bytes": max(stage["worker_bytes"] for stage in stages),
        },
        "sample": {
            "parts": len(raw), "bytes": round(sum(raw)), "text_bytes": sum(part.text for part in measured.parts),
        },
    }  # fmt: skip


class _Scale:
    """From the parts, of ``raw`` bytes of files each, to ``total`` bytes."""

    def __init__(self, raw: Sequence[float], total: int, seen: float) -> None:
        self._raw, self._total, self._seen = raw, total, seen
        self.factor = total / sum(raw)

    def of(self, values: Sequence[float]) -> tuple[float, float]:
        """Return the whole of what the parts have, and its standard error."""
        number, sum_raw = len(self._raw), sum(self._raw)
        ratio = sum(values) / sum_raw
        if number < 2:
            return ratio * self._total, ratio * self._total * (1.0 - self._seen)
        squares = sum((value - ratio * raw) ** 2 for value, raw in zip(values, self._raw, strict=True))
        spread = math.sqrt(squares / (number * (number - 1)) * (1.0 - self._seen))
        return ratio * self._total, spread / (sum_raw / number) * self._total


class _Grown:
    """How much more distinct pieces there are than in the sample, of ``sample`` bytes: in a block and in the whole."""

    block = 1.0

    def __init__(self, sample: float, exponent: float, text: float) -> None:
        self._sample, self._exponent = sample, exponent
        self.whole = self.of(text, exponent)

    def of(self, text: float, below: float) -> float:
        """Return that of ``text`` bytes; ``below`` is the power for fewer than the sample has."""
        return math.pow(text / self._sample, self._exponent if text > self._sample else below)


def _exponent(measured: Measured) -> float:
    """Return the power of the text with which counts grow; 1 where no vocabulary is made."""
    found, text = [], [part.text for part in measured.parts]
    for stage in measured.stages:
        if stage.half is not None and len(text) > 1:
            grown = max(stage.whole.written / stage.half.written, 1.0)
            found.append(math.log(grown) / math.log(sum(text) / sum(text[::2])))
    return min(1.0, max(found, default=1.0))


def _exponent_below(measured: Measured) -> float:
    """Return the power of the text with which counts grow from those of one part, a block, to those of all."""
    found = []
    for stage in measured.stages:
        if stage.grows == "counts" and len(stage.parts) > 1:
            one = sum(took.written for took in stage.parts) / len(stage.parts)
            found.append(math.log(max(stage.whole.written / one, 1.0)) / math.log(len(stage.parts)))
    return min(1.0, max(found, default=1.0))


def _stage(stage: StageCost, scale: _Scale, grown: _Grown, n_blocks: int, beside: int) -> dict[str, Any]:
    if stage.grows == "learn":
        hours, disk = (stage.whole.seconds * grown.whole / 3600, 0.0), (float(stage.whole.written), 0.0)
        return _row(stage.name, hours, disk, stage.beside, _memory(stage, grown.whole), alone=True)
    if stage.grows == "one":  # in one process, over the whole corpus
        hours, disk = (stage.whole.seconds * scale.factor / 3600, 0.0), (float(stage.whole.written), 0.0)
        return _row(stage.name, hours, disk, 1, stage.whole.memory, alone=True)
    per_block = stage.per_block
    seconds, error = scale.of([took.seconds - per_block for took in stage.parts])
    hours = (stage.load + per_block * n_blocks + max(0.0, seconds)) / 3600, error / 3600
    if stage.name == "plan":
        return _row(stage.name, hours, (0.0, 0.0), 0, stage.whole.memory, alone=True)
    disk = scale.of([took.written for took in stage.parts])
    if stage.grows == "counts":
        disk = stage.whole.written * grown.block * n_blocks, 0.0
    disk = disk[0] + beside * n_blocks + stage.beside_bytes, disk[1]
    memory = _memory(stage, grown.block) if stage.grows == "counts" else stage.whole.memory
    return _row(stage.name, hours, disk, 2 * n_blocks + stage.beside, memory)


def _memory(stage: StageCost, grown: float) -> int:
    """Return the peak of memory: what there was before, and what grows."""
    before = stage.parts[-1].memory
    return round(before + (stage.whole.memory - before) * grown)


def _row(
    name: str, hours: tuple[float, float], disk: tuple[float, float], files: int, memory: float, *, alone: bool = False
) -> dict[str, Any]:
    """Return what a stage costs; ``alone``: only one process can be at it."""
    amounts = {"core_hours": _amount(*hours), "disk_bytes": _amount(*disk)}
    workers = "one" if alone else "any"
    return {"stage": name, **amounts, "files": files, "worker_bytes": round(memory), "workers": workers}


def _amount(value: float, error: float = 0.0) -> dict[str, float]:
    return {"value": float(f"{value:.6g}"), "error": float(f"{error:.3g}")}


def _sum(amounts: Sequence[dict[str, float]]) -> tuple[float, float]:
    """Return the sum of amounts whose errors may go together: they come from the same parts."""
    return sum(amount["value"] for amount in amounts), sum(amount["error"] for amount in amounts)
