"""Build the instances of training documents, of validation documents, or of both apart.

In: ``words`` record batches of one block. Out: ``instances`` record batches, each of one side.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from zhprep.core.report import Account
from zhprep.instances.build import WINDOW, InstanceBuilder
from zhprep.instances.layout.splitting import VALIDATION, for_validation
from zhprep.instances.materials import Materials


class SplitBuilder:
    """Builds instances of training documents, of validation documents, or of both apart, as ``split`` says."""

    def __init__(
        self, materials: Materials, *, block: int = 0, account: Account | None = None, window: int = WINDOW
    ) -> None:
        self._account = account if account is not None else Account()
        self._share = materials.config.validation_share
        firsts = {"train": {False: 0}, "validation": {True: 0}, "apart": {False: 0, True: VALIDATION}}
        self._sides = {
            side: InstanceBuilder(materials, block=block, account=self._account, window=window, first_number=first)
            for side, first in firsts[materials.config.split].items()
        }

    def feed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Hand each document to the side that it is for."""
        validation = for_validation(batch, self._share)
        for side, builder in self._sides.items():
            yield from builder.feed(batch.filter(pa.array(validation == side)))
        if len(self._sides) == 1:
            self._account.count(documents_of_other_split=int((validation != next(iter(self._sides))).sum()))

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches, the same on every side."""
        return next(iter(self._sides.values())).schema

    def finish(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left at the end of the block."""
        for builder in self._sides.values():
            yield from builder.finish()


def builder_of(
    materials: Materials, *, block: int = 0, account: Account | None = None, window: int = WINDOW
) -> InstanceBuilder | SplitBuilder:
    """Return what builds the instances of one block."""
    kind = InstanceBuilder if materials.config.split == "all" else SplitBuilder
    return kind(materials, block=block, account=account, window=window)
