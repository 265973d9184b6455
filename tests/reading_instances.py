"""Read an instances folder with nothing but Arrow and put the masks of an epoch on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.collate.masks import facts_of
from zhprep.core.config import build
from zhprep.instances import Flat, InstancesConfig, mask_batch
from zhprep.vocab import Vocabulary, load


@dataclass
class Instances:
    """All instances of a folder, flat: clean ids, words, where each instance begins."""

    folder: Path
    table: pa.Table
    manifest: dict[str, Any]
    vocabulary: Vocabulary

    @property
    def ids(self) -> Any:
        return self.table["input_ids"].combine_chunks().flatten().to_numpy().astype(np.int64)

    @property
    def words(self) -> Any:
        return self.table["word_ids"].combine_chunks().flatten().to_numpy().astype(np.int64)

    @property
    def offsets(self) -> Any:
        lengths = [len(row) for row in self.table["input_ids"]]
        return np.concatenate(([0], np.cumsum(lengths)))

    @property
    def rows_of_tokens(self) -> Any:
        return np.repeat(np.arange(self.table.num_rows), np.diff(self.offsets))

    def masked(self, epoch: int) -> tuple[Any, Any, Any]:
        """Return the ids with the masks of ``epoch``, the chosen places and what stood there."""
        config = build(InstancesConfig, self.manifest["config"]["instances"])
        flat = Flat(self.ids, self.words, self.offsets, self.table["instance_id"].to_numpy())
        made = mask_batch(flat, config, facts_of(config, self.vocabulary), epoch)
        return made.input_ids, made.positions, made.labels

    def masked_on_disk(self, dupe: int) -> tuple[Any, Any, Any]:
        """Return the same of static data: the rows of duplicate ``dupe`` in the order of their instances."""
        rows = sorted(
            (row for row in self.table.to_pylist() if row["dupe"] == dupe), key=lambda row: row["instance_id"]
        )
        begins = np.cumsum([0, *(len(row["input_ids"]) for row in rows)])
        places = [
            begin + np.array(row["masked_lm_positions"], np.int64) for begin, row in zip(begins, rows, strict=False)
        ]
        ids = np.concatenate([np.array(row["input_ids"], np.int64) for row in rows])
        return ids, np.concatenate(places), np.concatenate([np.array(row["masked_lm_ids"], np.int64) for row in rows])


def read_instances(folder: Path) -> Instances:
    """Read the shards in the order of the manifest."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    tables = [pa.ipc.open_stream(pa.memory_map(str(folder / shard["name"]))).read_all() for shard in manifest["shards"]]
    return Instances(folder, pa.concat_tables(tables), manifest, load(folder / "vocab"))
