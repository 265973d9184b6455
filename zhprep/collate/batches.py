"""The batches of instances on disk: rows, as a view of them sees them in their epoch, as tensors."""

from __future__ import annotations

import dataclasses

import numpy as np
from torch import Tensor

from zhprep.collate.columns import AXES
from zhprep.collate.rows import Integers, Rows
from zhprep.collate.stored import Instances
from zhprep.collate.tensors import Padding, to_tensors
from zhprep.collate.views import View
from zhprep.core import rng
from zhprep.core.errors import DataError


@dataclasses.dataclass(frozen=True)
class Batches:
    """Makes the batches of a model that reads ``columns`` of ``instances`` and what ``view`` makes of them.

    ``seed`` is for ``keys`` (int64 ``[B]``), a column that models which draw take: it addresses a row in its epoch.
    """

    instances: Instances
    view: View
    columns: tuple[str, ...]
    padding: Padding
    seed: int = 0

    def make(self, rows: Integers, epochs: Integers, progress: float | None = None) -> dict[str, Tensor]:
        """Return the batch of ``rows``, each as it is in its epoch, when the share ``progress`` of the run is done.

        Raises ``DataError`` when a row is longer than the model's positions.
        """
        stored = self.instances.gather(rows)
        made = stored.only(self.columns).having(self.view(stored, epochs, progress))
        if "keys" in self.columns:
            keys = rng.keys(self.seed, "model", epochs, stored.plain["instance_id"]).view(np.int64)
            made = made.having(Rows({}, {"keys": keys}))
        if "progress" in self.columns:
            made = made.having(Rows({}, {"progress": np.asarray(1.0 if progress is None else progress)}))
        self._check(made)
        return to_tensors(made, self.padding)

    def _check(self, rows: Rows) -> None:
        for axis in AXES:
            if axis.leader in rows.lists and self.padding.longest:
                longest = int(np.diff(rows.lists[axis.leader].offsets).max(initial=0))
                if longest > self.padding.longest:
                    raise DataError(
                        f"{self.instances.folder}: an instance has {longest} {axis.name}s, "
                        f"the model {self.padding.longest} positions",
                        hint="make the instances with a smaller --max-length",
                    )
