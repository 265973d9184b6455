"""A model on held-out instances: loss on tokens, accuracy and bits per character, beside the unigram distribution.

The masks are those of one reserved epoch, the same for every model on the data. *Bits per character* is the model's
loss on the tokens it predicts, in bits, over the number of characters that they stand for: unlike the loss per token,
it can be compared between vocabularies, and so can the *perplexity per character*, 2 to the power of it. Of masked
tokens it is a pseudo-likelihood (each token given all others that are not masked); of a language model it is the code
length of the text, ends of instances included, and compares models whose instances are the same text (``single``). An
unknown token counts as one character, whatever it stands for: how many there are is said. The *unigram* figures say
what the same held-out tokens cost when each is guessed by its share among the tokens that were trained on (add-one
smoothed): a model that has learnt nothing but frequencies gets this. Their accuracy is that of the commonest token.
"""

from __future__ import annotations

import hashlib
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
from zhprep.instances.layout import is_validation
from zhprep.models.checkpoints.files import load_model
from zhprep.pretrain.job import open_instances
from zhprep.pretrain.split import split
from zhprep.vocab import Vocabulary, load
from zhprep.vocab.bytemap import token_bytes

MOST_ROWS = 100_000
"""Training rows that the unigram distribution is counted over, evenly spaced; beyond that it hardly changes."""


def intrinsic(folder: Path, data: Path, share: float, world: World) -> dict[str, Any]:
    """Return the figures of the model in ``folder`` on the instances of ``data`` that are held out at ``share``.

    ``objectives`` has mean loss, accuracy and count of each, and ``baseline_accuracy``, the share of the commonest
    label among them; a model that predicts tokens of the text has more.
    Raises ``DataError`` when nothing is held out.
    """
    model, vocabulary = load_model(folder).to(world.device), load(folder)
    instances, view = open_instances(data, model, vocabulary)
    rows, held_out = split(instances, share)
    if not len(held_out):
        raise DataError(f"{data}: no instances are held out", hint="pretrain with --validation above 0")
    padding = Padding(vocabulary.pad, coarse_pad(data), longest=model.config.max_position_embeddings)
    batches = Batches(instances, view, model.columns, padding)
    found = predict(model, in_order(batches, held_out, model), world.device)
    figures: dict[str, Any] = {}
    for name, part in model.parts.items():
        if part.text and not figures:
            unigram = unigram_losses(instances, view, rows, vocabulary, ends=part.text == "written")
            figures = figures_of_tokens(found[name], unigram, vocabulary, part.text)
    objectives = {name: {**one.figures, "baseline_accuracy": _commonest(one.labels)} for name, one in found.items()}
    facts = held_out_facts(instances, view, held_out, vocabulary)
    return {**figures, "instances": len(held_out), "held_out": facts, "objectives": objectives}


def _commonest(labels: Integers) -> float:
    """Return the share of the commonest of ``labels`` (int64 ``[N]``), 0 of none."""
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels)) if len(labels) else 0.0


def held_out_facts(instances: Instances, view: View, rows: Integers, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return what tells the held-out ``rows`` (int64 ``[N]``) from those of other data.

    ``corpus`` is the hash of the text the instances were made of; ``apart`` the share of its documents that were held
    out whole, 0 where instances were; ``text_sha256`` the hash of the characters of the rows, unknown ones as U+FFFD,
    without spaces, whatever tokens they are cut into and whatever is masked.
    """
    manifest = instances.manifest
    made = manifest["config"]["instances"]
    digest = hashlib.sha256()
    spelling = np.array(_spelling(vocabulary), object)
    for begin in range(0, len(rows), 4096):
        ids = view.clean(instances.gather(rows[begin : begin + 4096]))
        digest.update(b"".join(spelling[ids]))
    apart = bool(is_validation(np.concatenate(list(instances.plain_chunks("instance_id"))))[rows].all())
    return {
        "corpus": manifest.get("input_sha256", manifest["content_sha256"]),
        "apart": made.get("validation_fraction", 0.0) if apart else 0.0,
        "text_sha256": digest.hexdigest(),
    }


def _spelling(vocabulary: Vocabulary) -> list[bytes]:
    """Return the UTF-8 of each token, without spaces and marks: nothing for a special one."""
    if vocabulary.kind == "bbpe":
        found = [(token_bytes(token) or b"").replace(b" ", b"") for token in vocabulary.tokens]
    else:
        found = [_bare(token).encode("utf-8", "replace") for token in vocabulary.tokens]
    for token in np.flatnonzero(vocabulary.is_special):
        found[token] = b""
    found[vocabulary.unk] = "\ufffd".encode()
    return found


def figures_of_tokens(
    found: Predictions, unigram: npt.NDArray[np.float64], vocabulary: Vocabulary, text: str
) -> dict[str, float]:
    """Return the figures of predicted tokens, ``masked`` or ``written`` ones, beside what they cost under ``unigram``
    (nats of each id, ``[V]``)."""
    guessed = unigram[found.labels]
    n_characters = max(int(characters(vocabulary)[found.labels].sum()), 1)
    bits = float(found.losses.sum()) / math.log(2) / n_characters
    figures = found.figures
    return {
        "loss": figures["loss"],
        "accuracy": figures["accuracy"],
        "perplexity": math.exp(min(figures["loss"], 700.0)),
        "bits_per_character": bits,
        "perplexity_per_character": 2.0 ** min(bits, 1000.0),
        "unigram_loss": float(guessed.mean()),
        "unigram_accuracy": float((found.labels == int(unigram.argmin())).mean()),
        "unigram_bits_per_character": float(guessed.sum()) / math.log(2) / n_characters,
        f"{text}_tokens": len(found.labels),
        f"{text}_characters": n_characters,
        "unknown_tokens": int((found.labels == vocabulary.unk).sum()),
    }


def unigram_losses(
    instances: Instances, view: View, rows: npt.NDArray[np.integer], vocabulary: Vocabulary, *, ends: bool = False
) -> npt.NDArray[np.float64]:
    """Return for each token id the nats it costs under the add-one smoothed distribution of ``rows`` (float64 ``[V]``).

    Padding, ``[CLS]``, ``[MASK]`` and, without ``ends``, ``[SEP]`` are never predicted and have no share.
    """
    chosen = rows[:: math.ceil(len(rows) / MOST_ROWS)].astype(np.int64)
    counts = np.ones(vocabulary.size, np.int64)
    for begin in range(0, len(chosen), 4096):
        gathered = instances.gather(chosen[begin : begin + 4096])
        counts += np.bincount(view.clean(gathered), minlength=vocabulary.size)
    counts[[vocabulary.pad, vocabulary.cls, vocabulary.mask, *([] if ends else [vocabulary.sep])]] = 0
    with np.errstate(divide="ignore"):
        losses: npt.NDArray[np.float64] = -np.log(counts / counts.sum())
    return losses


def characters(vocabulary: Vocabulary) -> Integers:
    """Return how many characters each token stands for (int64 ``[V]``): one for an unknown token, and none for other
    special tokens.

    Of a byte-level token they are those that begin in it; marks and the space before a word are no characters.
    """
    count = _begun if vocabulary.kind == "bbpe" else _written
    lengths = np.array([count(token) for token in vocabulary.tokens], np.int64)
    lengths[vocabulary.is_special] = 0
    lengths[vocabulary.unk] = 1
    return lengths


def _bare(token: str) -> str:
    return token.removeprefix("##").removeprefix("▁") or token


def _written(token: str) -> int:
    return len(_bare(token))


def _begun(token: str) -> int:
    raw = token_bytes(token) or b""
    return sum(byte & 0xC0 != 0x80 for byte in raw.removeprefix(b" "))
