"""A model on held-out instances: masked-token loss, accuracy and bits per character, beside the unigram distribution.

The masks are those of one reserved epoch, the same for every model on the data. *Bits per character* is the model's
loss on the masked tokens, in bits, over the number of characters that they stand for: unlike the loss per token, it
can be compared between vocabularies. It is a masked pseudo-likelihood (each token given all others that are not
masked), not a code length of the text. The *unigram* figures say what the same held-out tokens cost when each is
guessed by its share among the tokens that were trained on (add-one smoothed): a model that has learnt nothing but
frequencies gets this.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.collate import Batches, Instances, Padding, View, coarse_pad
from zhprep.collate.rows import Integers
from zhprep.core.errors import DataError
from zhprep.engine.distribution import World
from zhprep.engine.validation import Predictions, in_order, predict
from zhprep.models.checkpoints.files import load_model
from zhprep.pretrain.job import open_instances
from zhprep.pretrain.split import split
from zhprep.vocab import Vocabulary, load

MOST_ROWS = 100_000
"""Training rows that the unigram distribution is counted over, evenly spaced; beyond that it hardly changes."""
BATCH = 64


def intrinsic(folder: Path, data: Path, share: float, world: World) -> dict[str, Any]:
    """Return the figures of the model in ``folder`` on the instances of ``data`` that are held out at ``share``.

    ``objectives`` has mean loss, accuracy and count of each; a model that predicts masked tokens has more of these.
    Raises ``DataError`` when nothing is held out.
    """
    model, vocabulary = load_model(folder).to(world.device), load(folder)
    instances, view = open_instances(data, model, vocabulary)
    rows, held_out = split(instances, share)
    if not len(held_out):
        raise DataError(f"{data}: no instances are held out", hint="pretrain with --validation above 0")
    padding = Padding(vocabulary.pad, coarse_pad(data), longest=model.config.max_position_embeddings)
    batches = Batches(instances, view, model.columns, padding)
    found = predict(model, in_order(batches, held_out, BATCH), world.device)
    figures: dict[str, Any] = {}
    if "mlm" in found:
        figures = masked_tokens(found["mlm"], unigram_losses(instances, view, rows, vocabulary), vocabulary)
    objectives = {name: predictions.figures for name, predictions in found.items()}
    return {**figures, "instances": len(held_out), "objectives": objectives}


def masked_tokens(found: Predictions, unigram: npt.NDArray[np.float64], vocabulary: Vocabulary) -> dict[str, float]:
    """Return the figures of predicted tokens, beside what they cost under ``unigram`` (nats of each id, ``[V]``)."""
    guessed = unigram[found.labels]
    n_characters = int(characters(vocabulary)[found.labels].sum())
    figures = found.figures
    return {
        "loss": figures["loss"],
        "accuracy": figures["accuracy"],
        "perplexity": math.exp(min(figures["loss"], 700.0)),
        "bits_per_character": float(found.losses.sum()) / math.log(2) / n_characters,
        "unigram_loss": float(guessed.mean()),
        "unigram_bits_per_character": float(guessed.sum()) / math.log(2) / n_characters,
        "masked_tokens": len(found.labels),
        "masked_characters": n_characters,
    }


def unigram_losses(
    instances: Instances, view: View, rows: npt.NDArray[np.integer], vocabulary: Vocabulary
) -> npt.NDArray[np.float64]:
    """Return for each token id the nats it costs under the add-one smoothed distribution of ``rows`` (float64 ``[V]``).

    Padding, ``[CLS]``, ``[SEP]`` and ``[MASK]`` are never predicted and have no share.
    """
    chosen = rows[:: math.ceil(len(rows) / MOST_ROWS)].astype(np.int64)
    counts = np.ones(vocabulary.size, np.int64)
    for begin in range(0, len(chosen), 4096):
        gathered = instances.gather(chosen[begin : begin + 4096])
        counts += np.bincount(view.clean(gathered), minlength=vocabulary.size)
    counts[[vocabulary.pad, vocabulary.cls, vocabulary.sep, vocabulary.mask]] = 0
    with np.errstate(divide="ignore"):
        losses: npt.NDArray[np.float64] = -np.log(counts / counts.sum())
    return losses


def characters(vocabulary: Vocabulary) -> Integers:
    """Return how many characters each token stands for (int64 ``[V]``): without ``##``, and one for special tokens."""
    lengths = np.array([len(token.removeprefix("##")) or 2 for token in vocabulary.tokens], np.int64)
    lengths[vocabulary.is_special] = 1
    return lengths
