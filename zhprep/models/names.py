"""The names of our weights in transformers' BERT, as one reversible table.

Each row is one of our names and what it is called there; ``{n}`` stands for a layer, ``{p}`` for weight or bias.
Where there are several names there, our weight is theirs put one below the other (query, key, value). Loading and
saving both come from this table, so they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from zhprep.core.errors import DataError

_LAYER = "bert.encoder.layer.{n}"
_PAIR = (("pooler.{p}", "bert.pooler.dense.{p}"), ("classifier.{p}", "cls.seq_relationship.{p}"))

BERT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("embeddings.inputs.token.table.weight", ("bert.embeddings.word_embeddings.weight",)),
    ("embeddings.inputs.position.table.weight", ("bert.embeddings.position_embeddings.weight",)),
    ("embeddings.inputs.segment.table.weight", ("bert.embeddings.token_type_embeddings.weight",)),
    ("embeddings.norm.{p}", ("bert.embeddings.LayerNorm.{p}",)),
    (
        "encoder.layers.{n}.attention.qkv.{p}",
        tuple(f"{_LAYER}.attention.self.{x}.{{p}}" for x in ("query", "key", "value")),
    ),
    ("encoder.layers.{n}.attention.output.{p}", (f"{_LAYER}.attention.output.dense.{{p}}",)),
    ("encoder.layers.{n}.attention.norm.{p}", (f"{_LAYER}.attention.output.LayerNorm.{{p}}",)),
    ("encoder.layers.{n}.feedforward.up.{p}", (f"{_LAYER}.intermediate.dense.{{p}}",)),
    ("encoder.layers.{n}.feedforward.down.{p}", (f"{_LAYER}.output.dense.{{p}}",)),
    ("encoder.layers.{n}.feedforward.norm.{p}", (f"{_LAYER}.output.LayerNorm.{{p}}",)),
    ("heads.mlm.transform.{p}", ("cls.predictions.transform.dense.{p}",)),
    ("heads.mlm.norm.{p}", ("cls.predictions.transform.LayerNorm.{p}",)),
    ("heads.mlm.bias", ("cls.predictions.bias",)),
    *((f"heads.next_sentence.{ours}", (theirs,)) for ours, theirs in _PAIR),
    *((f"heads.sentence_order.{ours}", (theirs,)) for ours, theirs in _PAIR),
    ("heads.classify.pooler.{p}", ("bert.pooler.dense.{p}",)),
    ("heads.classify.classifier.{p}", ("classifier.{p}",)),
)

_PATTERNS = [
    (re.compile(re.escape(ours).replace(r"\{n\}", r"(?P<n>\d+)").replace(r"\{p\}", "(?P<p>weight|bias)")), theirs)
    for ours, theirs in BERT
]


def theirs(ours: str) -> tuple[str, ...]:
    """Return what our weight ``ours`` is called in transformers.

    Raises ``KeyError`` when it has no name there.
    """
    for pattern, names in _PATTERNS:
        if match := pattern.fullmatch(ours):
            return tuple(name.format(**match.groupdict()) for name in names)
    raise KeyError(ours)


def to_transformers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return our weights under the names of transformers, fused ones taken apart."""
    renamed: dict[str, Tensor] = {}
    for ours, tensor in weights.items():
        names = theirs(ours)
        renamed.update(zip(names, (part.contiguous() for part in tensor.chunk(len(names))), strict=True))
    return renamed


def from_transformers(weights: Mapping[str, Tensor], wanted: Iterable[str]) -> dict[str, Tensor]:
    """Return those of our ``wanted`` weights that ``weights`` holds under the names of transformers.

    Weights saved without the prefix ``bert.`` (a bare ``BertModel``) and Google's ``gamma`` and ``beta`` are known too.
    """
    known = {_modern(name): tensor for name, tensor in weights.items()}
    prefix = "" if any(name.startswith("bert.") for name in known) else "bert."
    found = {}
    for ours in wanted:
        names = [name.removeprefix(prefix) for name in theirs(ours)]
        parts = [known[name] for name in names if name in known]
        if parts and len(parts) < len(names):
            raise DataError(f"weights have only some of {', '.join(names)}", hint="the file is damaged")
        if parts:
            found[ours] = torch.cat(parts)
    return found


def _modern(name: str) -> str:
    return re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name))
