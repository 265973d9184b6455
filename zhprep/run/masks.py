"""Hold the masks, or the corruption, of a finished instances folder to the settings in its manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError
from zhprep.core.shards import open_batches, read_manifest
from zhprep.instances import facts_of, instances_config
from zhprep.instances.inspect import lint, lint_corrupted, special_in_text, statistics
from zhprep.run.instances import VOCABULARY
from zhprep.vocab import load


def verify_text(folder: Path) -> None:
    """Raise ``DataError`` where a token of the text of an instances folder has the id of a special token."""
    config = instances_config(folder, read_manifest(folder, "instances"))
    facts = facts_of(replace(config, similar_words=None), load(folder / VOCABULARY))
    found = sum(special_in_text(batch, config, facts) for batch in open_batches(folder, "instances"))
    if found:
        raise DataError(
            f"{folder}: {found:,} tokens of the text are special tokens (special_tokens_mask is 0 there)",
            hint="make the data again with this version, with --keep-special NAME for placeholders that stay",
        )


def verify_masks(folder: Path) -> dict[str, Any]:
    """Return the statistics of the masks or the corruption (those of epoch 0, if the data are clean).

    Raises ``DataError`` that says what is not as the manifest's settings give it: rates beyond five standard
    deviations, histograms by chi-square, words chosen in part, special tokens chosen; sources and targets that are not
    those that are drawn.
    """
    figures, problems = _lint(folder)
    if problems:
        raise DataError(f"{folder}: {'; '.join(problems)}", hint="make the data again with this version")
    return figures


def mask_statistics(folder: Path) -> dict[str, Any]:
    """Return the statistics of the masks, whatever they are."""
    return _lint(folder)[0]


def _lint(folder: Path) -> tuple[dict[str, Any], list[str]]:
    manifest = read_manifest(folder, "instances")
    config = instances_config(folder, manifest)
    facts, batches = facts_of(config, load(folder / VOCABULARY)), open_batches(folder, "instances")
    if config.corruption:
        sides = lint_corrupted(batches, config, facts)
        return sides.statistics(), list(sides.problems())
    findings = lint(batches, config, facts, manifest["account"]["counts"])
    notes = {"notes": findings.notes} if findings.notes else {}
    return statistics(findings.found, config.max_length) | notes, findings.problems
