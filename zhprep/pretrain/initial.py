"""How a model begins with the weights of another that has other tokens or other positions.

Tables of tokens (embeddings, biases of the output) are taken row by row, by what the tokens spell: where the vocabulary
has entries that the other one has not, their rows are the means of the rows of their pieces (WoBERT's rule), and
where no piece is known the mean of all rows. Positions are repeated or stretched to as many as there are to be.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from zhprep.core.errors import DataError
from zhprep.models.blocks.part import Part, TableRows
from zhprep.models.checkpoints.files import load_found, read_config, weights_in
from zhprep.models.model import Model
from zhprep.vocab import Origins, Vocabulary, load, origins


@dataclasses.dataclass(frozen=True)
class Initial:
    """What of a model was begun with: ``fresh`` names the weights that the other lacks; ``tokens`` counts the rows of
    tables of tokens where the vocabularies differ, ``positions`` says from how many to how many and how."""

    fresh: list[str] = dataclasses.field(default_factory=list)
    tokens: dict[str, int] = dataclasses.field(default_factory=dict)
    positions: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def figures(self) -> dict[str, Any]:
        """What a report says of it, beside the names of fresh weights."""
        return {"fresh": len(self.fresh), "tokens": self.tokens, "positions": self.positions}

    def __str__(self) -> str:
        said = [f"{len(self.fresh)} weights are fresh ({', '.join(sorted({_part(name) for name in self.fresh}))})"]
        said = said if self.fresh else ["no weight is fresh"]
        if self.tokens:
            said.append(
                "tokens: {kept} kept, {means_of_pieces} are means of their pieces, {means_of_all} of all".format(
                    **self.tokens
                )
            )
        if self.positions:
            said.append("positions: {from} become {to} ({how})".format(**self.positions))
        return "; ".join(said)


def begin_with(
    model: Model,
    folder: Path,
    vocabulary: Vocabulary,
    how: str = "tile",
    others: Mapping[str, Vocabulary] = MappingProxyType({}),
) -> Initial:
    """Start ``model``, whose tokens are those of ``vocabulary``, from the weights in ``folder``; ``how`` positions
    become as many as it has: ``tile``, ``interpolate`` or ``cut``. ``others`` are the vocabularies of streams of other
    tokens, by the names of their folders beside the first one.

    Raises ``DataError`` when weights cannot be joined: other widths, tables of tokens without their tokenizer,
    positions that would be cut and are not to be.
    """
    own, found = model.state_dict(), weights_in(folder, model)
    known = {name: rows for name, rows in tables(model).items() if name in found}
    n_positions = read_config(folder).max_position_embeddings
    written = vocabularies(model)
    joined: dict[str, Origins | None] = {}
    for which in {written[name] for name in known}:
        of_tokens = {name: rows.axis for name, rows in known.items() if rows.of == "token" and written[name] == which}
        sizes = {found[name].shape[axis] for name, axis in of_tokens.items()}
        joined[which] = _tokens(sizes, folder / which, others.get(which, vocabulary))
    longer = {"from": n_positions, "to": model.config.max_position_embeddings, "how": how}
    for name, rows in known.items():
        tokens = joined[written[name]]
        if rows.of == "vocabulary" and tokens is not None:
            del found[name]
        if rows.of == "token" and tokens is not None:
            found[name] = _by_token(found[name], own[name], rows, tokens, folder / written[name])
        if rows.of == "position" and found[name].shape[1:] == own[name].shape[1:]:
            found[name] = _by_position(found[name], own[name], longer, folder)
    fresh = load_found(model, found, folder)
    moved = longer["from"] != longer["to"] and any(rows.of == "position" for rows in known.values())
    return Initial(fresh, _counts(joined.values()), longer if moved else {})


def _part(weight: str) -> str:
    """Return what a weight is of: ``objectives.mlm``, ``body.stack``."""
    return ".".join(weight.split(".")[:2])


def tables(model: Model) -> dict[str, TableRows]:
    """Return the weights of ``model`` that are tables of tokens or positions, by name; one that is lent comes once."""
    own, parts = model.state_dict(), {name: part for name, part in model.named_modules() if isinstance(part, Part)}
    declared = {f"{name}.{weight}": rows for name, part in parts.items() for weight, rows in part.rows.items()}
    return {name: rows for name, rows in declared.items() if name in own}


def vocabularies(model: Model) -> dict[str, str]:
    """Return for each of :func:`tables` the folder of its tokens beside the first vocabulary, empty for that one."""
    parts = {name: part for name, part in model.named_modules() if isinstance(part, Part)}
    return {f"{name}.{weight}": part.config.vocabulary for name, part in parts.items() for weight in part.rows}


def _counts(joined: Iterable[Origins | None]) -> dict[str, int]:
    """Return how many rows were made how, over all vocabularies that differ; nothing where none does."""
    counted: Counter[str] = Counter()
    for tokens in joined:
        if tokens is not None:
            counted.update(kept=tokens.n_kept, means_of_pieces=tokens.n_made, means_of_all=tokens.n_unknown)
    return dict(counted)


def _tokens(sizes: set[int], folder: Path, vocabulary: Vocabulary) -> Origins | None:
    """Return where the tokens of ``vocabulary`` come from in ``folder``, whose tables have so many rows; None where
    they are the same.

    Raises ``DataError`` when there are more or fewer and nothing says which the others are.
    """
    same_sizes = sizes <= {vocabulary.size}
    if not any((folder / name).exists() for name in ("tokenizer.json", "vocab.txt")):
        if not same_sizes:
            raise DataError(
                f"{folder}: has a table of {max(sizes)} tokens and no tokenizer that can be read; the data have "
                f"{vocabulary.size}",
                hint="put its tokenizer.json or vocab.txt beside it: rows are matched by their tokens",
            )
        return None
    old = load(folder)
    return None if same_sizes and old.tokens == vocabulary.tokens else origins(vocabulary, old)


def _by_token(there: Tensor, own: Tensor, rows: TableRows, tokens: Origins, folder: Path) -> Tensor:
    """Return ``own``, a table ``[V, …]`` of the new tokens, with the rows that follow from ``there``, along the
    axis of ``rows``.

    Raises ``DataError`` when the tokenizer has more tokens than the table.
    """
    there = there.float().movedim(rows.axis, 0)
    ids, counts = torch.from_numpy(tokens.ids), torch.from_numpy(tokens.counts)
    if len(ids) and int(ids.max()) >= len(there):
        raise DataError(
            f"{folder}: the tokenizer has more tokens than the table, {len(there)}",
            hint="take config.json, weights and tokenizer of one model",
        )
    sums = torch.zeros(len(counts), *there.shape[1:])
    sums.index_add_(0, torch.arange(len(counts)).repeat_interleave(counts), there[ids])
    shape = (-1, *[1] * (there.ndim - 1))
    means = torch.where(counts.view(shape) > 0, sums / counts.clamp(min=1).view(shape), there.mean(0))
    if not rows.made:
        mine = own.movedim(rows.axis, 0)
        means = torch.where(counts.view(shape) == 1, means, mine) if means.shape == mine.shape else means
    return means.movedim(0, rows.axis)


def _by_position(there: Tensor, own: Tensor, longer: dict[str, Any], folder: Path) -> Tensor:
    """Return ``own``, a table of ``longer["to"]`` positions behind rows that are none, with what follows from
    ``there``, which has ``longer["from"]``.

    Raises ``DataError`` when positions would be cut and are not to be, or are to be and would not.
    """
    n_before, n_own = len(there) - longer["from"], len(own) - longer["to"]
    known, n_wanted, how = there[n_before:].float(), longer["to"], longer["how"]
    if n_before == n_own and n_wanted == len(known):
        return there
    if (how == "cut") != (n_wanted < len(known)) and n_wanted != len(known):
        more = n_wanted > len(known)
        flags = "--initial-positions tile, or interpolate" if more else "--initial-positions cut"
        raise DataError(
            f"{folder}: has {len(known)} positions, the model wants {n_wanted}", hint=f"say how it gets them: {flags}"
        )
    if how == "interpolate":
        flat = known.reshape(len(known), -1).T[None]
        known = F.interpolate(flat, n_wanted, mode="linear", align_corners=True)[0].T.reshape(-1, *known.shape[1:])
    table = own.clone()
    table[n_own:] = known[torch.arange(n_wanted) % len(known)]
    if n_before == n_own:
        table[:n_own] = there[:n_before]
    return table
