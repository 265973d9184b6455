"""Hold the masks of a finished instances folder to the rates in its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError
from zhprep.core.shards import open_batches, read_manifest
from zhprep.instances import InstancesConfig, facts_of, made_with
from zhprep.instances.lint import Findings, lint
from zhprep.instances.statistics import statistics
from zhprep.run.instances import VOCABULARY
from zhprep.vocab import load


def verify_masks(folder: Path) -> dict[str, Any]:
    """Return the statistics of the masks (those of epoch 0, if the data are clean).

    Raises ``DataError`` that says what is not as the manifest's settings give it: rates beyond five standard
    deviations, histograms by chi-square, words chosen in part, special tokens chosen.
    """
    config, findings = _lint(folder)
    if findings.problems:
        raise DataError(f"{folder}: {'; '.join(findings.problems)}", hint="make the data again with this version")
    return statistics(findings.found, config.max_length)


def mask_statistics(folder: Path) -> dict[str, Any]:
    """Return the statistics of the masks, whatever they are."""
    config, findings = _lint(folder)
    return statistics(findings.found, config.max_length)


def _lint(folder: Path) -> tuple[InstancesConfig, Findings]:
    manifest = read_manifest(folder, "instances")
    config = made_with(folder, manifest)
    alone = manifest["account"]["counts"].get("pairs_without_other_document", 0)
    facts = facts_of(config, load(folder / VOCABULARY))
    return config, lint(open_batches(folder, "instances"), config, facts, without_choice=alone)
