"""What a model must not see: what it is to say. Two ways to find out, for any system.

Of the data: what stands at a masked place is changed in the stored row, in every column, and the batch made again; the
columns that streams read must stay as they were. Of the model: the labels in a batch are changed; no stream may change that
does not read them on purpose.
"""

from __future__ import annotations

import dataclasses
from typing import Any, cast
from unittest import mock

import numpy as np
import torch

from zhprep.collate import COLUMNS, Batches, Instances
from zhprep.collate.columns import COARSE, IGNORED, TARGET, TOKEN, Axis
from zhprep.collate.rows import Ragged, Rows
from zhprep.models import Model
from zhprep.models.stream import HiddenStream, Pass
from zhprep.vocab import Vocabulary

STRUCTURE = {"word_ids", "special_tokens_mask", "token_type_ids", "lang_ids", "coarse_of"}
"""Columns that say where a token is, not which it is."""


@dataclasses.dataclass
class Changed:
    """Instances with other values at some places: ``places`` int64 ``[N]`` by axis, in the rows laid end to end."""

    instances: Instances
    places: dict[Axis, np.ndarray]
    vocabulary: Vocabulary

    def gather(self, rows: Any) -> Rows:
        found = self.instances.gather(rows)
        if "masked_lm_ids" in found.lists:  # masked on disk: what is to be said is not where it is hidden
            return Rows({**found.lists, "masked_lm_ids": self._others(found.lists["masked_lm_ids"])}, found.plain)
        lists = {name: self._changed(name, ragged) for name, ragged in found.lists.items()}
        return Rows(lists, found.plain)

    def _others(self, labels: Ragged) -> Ragged:
        first, second = self.vocabulary.normal_ids[:2]
        return Ragged(np.where(labels.values == first, second, first).astype(labels.values.dtype), labels.offsets)

    def _changed(self, name: str, ragged: Ragged) -> Ragged:
        column = COLUMNS.get(name)
        if column is None or name in STRUCTURE or column.axis not in self.places:
            return ragged
        values, at = ragged.values.copy(), self.places[column.axis]
        others = self.vocabulary.normal_ids[:2] if name == "input_ids" else np.array([6, 7])
        values[at] = np.where(values[at] == others[0], others[1], others[0])
        return Ragged(values, ragged.offsets)


def hidden_places(batches: Batches, rows: np.ndarray, mask_id: int) -> dict[Axis, np.ndarray]:
    """Return the places in the stored rows, end to end, where a model sees ``[MASK]``, and the coarse tokens there."""
    batch, stored = batches.make(rows, np.zeros_like(rows)), batches.instances.gather(rows)
    length = batch["input_ids"].shape[1]
    flat = batch["masked_positions"][batch["input_ids"].flatten()[batch["masked_positions"]] == mask_id].numpy()
    fine = stored.tokens.offsets[flat // length] + flat % length
    if "coarse_of" not in stored.lists:
        return {TOKEN: fine}
    coarse = stored.lists["coarse_input_ids"].offsets[flat // length] + stored.lists["coarse_of"].values[fine]
    return {TOKEN: fine, COARSE: np.unique(coarse)}


def assert_masked_tokens_are_not_in_the_batch(batches: Batches, model: Model, vocabulary: Vocabulary) -> int:
    """Return how many places were changed."""
    rows = np.arange(min(16, len(batches.instances)))
    places = hidden_places(batches, rows, vocabulary.mask)
    stored = cast(Instances, Changed(batches.instances, places, vocabulary))
    before = batches.make(rows, np.zeros_like(rows))
    after = dataclasses.replace(batches, instances=stored).make(rows, np.zeros_like(rows))
    answers = {name for names in model.labels.values() for name in names}
    assert any(not torch.equal(before[name], after[name]) for name in answers), "nothing was changed"
    asked = {model.reads[objective] for objective, names in model.labels.items() if names}
    asked |= {name for stream in asked for name in model.body.made_from.get(stream, ())}
    specs = [model.body.streams[stream] for stream in asked]
    read = {name for spec in specs for name in spec.in_batch((*spec.needs, *spec.takes))}
    for name in before.keys() & read - answers:
        assert torch.equal(before[name], after[name]), f"{name} tells what is masked"
    return len(places[TOKEN])


def assert_labels_do_not_reach_the_states(batches: Batches, model: Model) -> None:
    """Streams that write targets read those before, as they must: they are left out."""
    rows = np.arange(min(8, len(batches.instances)))
    batch = batches.make(rows, np.zeros_like(rows), 0.5)
    answers = {name for names in model.labels.values() for name in names if COLUMNS[name].axis is not TARGET}
    told = {name: torch.where(batch[name] == IGNORED, IGNORED, 5 + batch[name] % 7) for name in answers}
    with torch.no_grad():
        states = [_states(model.eval(), one) for one in (batch, {**batch, **told})]
    for name, hidden in states[0].items():
        assert torch.equal(hidden, states[1][name]), f"the stream {name} reads labels"


def _states(model: Model, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the hidden states of each stream on the way to the predictions."""
    found: dict[str, torch.Tensor] = {}
    encode = model.body.encode

    def seen(name: str, passing: Pass) -> HiddenStream:
        stream = encode(name, passing)
        found[name] = stream.hidden_states
        return stream

    with mock.patch.object(model.body, "encode", seen):
        model.predictions(batch)
    return found
