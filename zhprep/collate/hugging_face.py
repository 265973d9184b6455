"""A collator for Hugging Face's ``Trainer`` and for a plain ``DataLoader``: whole-word masks for any tokenizer.

    data = datasets.load_from_disk("DATA")
    collator = MaskingCollator.of_data("DATA")     # or MaskingCollator("VOCAB", mask="wwm", seed=1)
    arguments = TrainingArguments(..., remove_unused_columns=False)
    Trainer(model, arguments, data_collator=collator, train_dataset=data, callbacks=[collator.callback()])

With ``corruption=["infill", "permute"]`` and the like the batch is for a model that writes: an encoder with a decoder
(BART, T5) or a decoder alone (``causal``).

``remove_unused_columns=False`` is needed: the masks are drawn from ``word_ids`` and ``instance_id``, which the model
does not take. The callback tells the collator the epoch, so that every epoch has other masks, and the step, from which
``mask_prob_schedule`` gets the rate; a loop of your own says so with ``set_epoch`` and ``progress.begin``.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhprep.collate import corrupted
from zhprep.collate.columns import IGNORED
from zhprep.collate.masks import DynamicMasks, StaticMasks
from zhprep.collate.progress import TrainingProgress
from zhprep.collate.rows import Ragged, Rows
from zhprep.collate.tensors import Padding, to_tensors
from zhprep.core import config as settings
from zhprep.core.errors import DataError
from zhprep.core.ragged import offsets_of
from zhprep.core.registry import require
from zhprep.core.shards import check_folder, read_manifest, trusting
from zhprep.instances import InstancesConfig, coarse_vocabulary, instances_config
from zhprep.vocab import load

TAKEN = ("token_type_ids", "pinyin_ids", "lang_ids", "coarse_of", "coarse_token_type_ids")
"""Columns of tokens that are handed on."""

LABELS = ("next_sentence_label", "sentence_order_label")
"""Columns that hold one label a row."""


class MaskingCollator:
    """Turns rows of instances into what a masked-language model of transformers takes.

    Settings are those of ``make-instances`` (``mask``, ``rate``, ``replacement``, ``seed``, …). A row's masks depend on
    the seed, the epoch and the row's ``instance_id`` alone (with a ``mask_prob_schedule`` also on the step): not on the
    batch, the order or the number of workers. Rows that are masked on disk keep their masks.
    """

    def __init__(self, vocabulary: str | Path, *, pad_to_multiple_of: int = 1, **settings_: Any) -> None:
        self._vocabulary = load(vocabulary)
        self._config = settings.build(InstancesConfig, settings_, where="MaskingCollator")
        self._masks = DynamicMasks.of(self._config, self._vocabulary)
        coarse = coarse_vocabulary(self._config)
        coarse_pad = 0 if coarse is None else coarse.pad
        self._padding = Padding(self._vocabulary.pad, coarse_pad, multiple=pad_to_multiple_of)
        self.progress = TrainingProgress()
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]  # workers that outlive an epoch see it change

    @classmethod
    def of_data(cls, data: str | Path, *, pad_to_multiple_of: int = 1, trust: bool = False) -> MaskingCollator:
        """Return the collator of the folder ``data``: its tokenizer and the settings in its manifest.

        Raises ``DataError`` unless ``data`` is a finished folder of instances whose bytes are those of its manifest;
        ``trust``: whose shards have the sizes that it says.
        """
        manifest = read_manifest(Path(data), "instances")
        with trusting(trust):
            check_folder(Path(data), manifest)
        made = settings.as_dict(instances_config(Path(data), manifest))
        return cls(Path(data) / "vocab", pad_to_multiple_of=pad_to_multiple_of, **made)

    def set_epoch(self, epoch: int) -> None:
        """Draw the masks of ``epoch`` from now on."""
        self._epoch.fill_(epoch)

    def callback(self) -> Any:
        """Return a callback that tells the collator when a ``Trainer`` begins an epoch, evaluates and ends."""
        base = require("transformers", purpose="a Trainer callback", install="transformers").TrainerCallback

        def on_epoch_begin(_: Any, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG001
            self.set_epoch(math.floor((state.epoch or 0) + 1e-9))  # an epoch may be gone on with in its middle
            self.progress.begin(state.global_step, state.max_steps, args.gradient_accumulation_steps)

        def on_step_end(_: Any, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG001
            if control.should_evaluate:
                self.progress.pause()

        def on_evaluate(_: Any, *told: Any, **others: Any) -> None:  # noqa: ARG001
            self.progress.go_on()

        def on_train_end(_: Any, *told: Any, **others: Any) -> None:  # noqa: ARG001
            self.progress.end()

        heard = (on_epoch_begin, on_step_end, on_evaluate, on_train_end)
        methods = {function.__name__: function for function in heard} | {"on_epoch_end": on_step_end}
        return type("MaskingCallback", (base,), methods)()

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Return int64 tensors ``[B, L]``: ``input_ids``, ``attention_mask``, ``labels`` (-100 where nothing is to be
        predicted), ``token_type_ids`` and ``pinyin_ids`` (of the masked text) if the rows have them, and row labels
        ``[B]`` that the rows have. Rows with ``lang_ids`` (TLM) get ``position_ids`` that begin again at 0 with the
        second language, as in XLM; to the model, ``token_type_ids`` say which language a token is in. Rows of two
        granularities get the same of their coarse tokens, ``coarse_input_ids``, ``coarse_labels`` and so on, and
        ``coarse_of``. Of corrupted rows
        only the first three, with ``labels`` as long as the targets.

        Raises ``DataError`` when the rows lack a column that masks are drawn from, ``UsageError`` for rows that cannot
        be corrupted.
        """
        if self._config.corruption or corrupted.is_static(rows[0]):
            return self._written(rows)
        masks = StaticMasks(rows[0]) if "masked_lm_positions" in rows[0] else self._masks
        _check(rows[0], masks.needs)
        takes = [name for name in (*TAKEN, *LABELS) if name in rows[0]]
        if "pinyin_ids" in takes and masks is self._masks and self._masks.facts.readings is None:
            masks = self._masks = DynamicMasks.of(self._config, self._vocabulary, sounds=True)
        gathered = _gather(rows, (*masks.needs, *takes))
        progress = self.progress.next() if self._config.mask_prob_schedule else None
        masked = masks(gathered, np.full(len(rows), int(self._epoch), np.int64), progress)
        batch = to_tensors(gathered.only(takes).having(masked.of(gathered)), self._padding)
        for of in ("", "coarse_")[: 1 + (masked.coarse is not None)]:
            positions, labels = batch.pop(f"{of}masked_positions"), batch.pop(f"{of}masked_labels")
            filled = np.full(batch[f"{of}input_ids"].shape, IGNORED, np.int64)
            filled.reshape(-1)[positions.numpy()] = labels.numpy()
            batch[f"{of}labels"] = torch.from_numpy(filled)
        if "lang_ids" in batch:
            second = batch.pop("lang_ids")
            batch["position_ids"] = torch.arange(second.shape[1]) - second * second.argmax(1, keepdim=True)
        if masked.coarse is not None:
            batch["coarse_attention_mask"] = _attention_mask(batch, "coarse_")
        return batch | {"attention_mask": _attention_mask(batch)}

    def _written(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        corruption = corrupted.corruption_of(list(rows[0]), self._config, self._masks.facts)
        _check(rows[0], corruption.needs)
        written = corruption(_gather(rows, corruption.needs), int(self._epoch))
        batch = to_tensors(written.rows, self._padding)
        return {"input_ids": batch["input_ids"], "attention_mask": _attention_mask(batch), "labels": batch["labels"]}


def _attention_mask(batch: Mapping[str, Tensor], of: str = "") -> Tensor:
    """Return 1 on real tokens, 0 on padding: int64 ``[B, L]``, of fine tokens or those whose columns begin with
    ``of``. By numpy: torch would begin threads for 32,768 places, which on a machine that is busy wait for one another
    longer than they work."""
    real = batch.get(f"{of}attention_mask")
    if real is None:
        return torch.from_numpy(np.ones(batch[f"{of}input_ids"].shape, np.int64))
    return torch.from_numpy(real.numpy().astype(np.int64))


def _check(row: Mapping[str, Any], needs: Sequence[str]) -> None:
    if missing := [name for name in needs if name not in row]:
        raise DataError(
            f"rows have no {', '.join(missing)}; they have {', '.join(row)}",
            hint="with a Trainer, set remove_unused_columns=False",
        )


def _gather(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Rows:
    lists, plain = {}, {}
    for name in columns:
        values = [row[name] for row in rows]
        if isinstance(values[0], list) or np.ndim(values[0]):
            lists[name] = Ragged(_end_to_end(values), offsets_of(np.fromiter(map(len, values), np.int64, len(values))))
        else:
            plain[name] = np.fromiter(map(int, values), np.int64, len(values))
    return Rows(lists, plain)


def _end_to_end(values: list[Any]) -> np.ndarray:
    """Return the integers of lists, arrays or tensors as one array."""
    if isinstance(values[0], list):
        return np.frombuffer(b"".join([_packed(len(value))(*value) for value in values]), np.int64)
    return torch.cat(values).numpy() if isinstance(values[0], Tensor) else np.concatenate(values)


@functools.lru_cache(4096)
def _packed(n: int) -> Callable[..., bytes]:
    """Return what makes bytes of ``n`` integers, in a third of the time of ``np.array``."""
    return struct.Struct(f"={n}q").pack
