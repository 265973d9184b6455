"""What a model needs that is neither in its config nor in a batch: tables that lie beside the vocabulary or the data.

Parts ask for them in ``fitted`` (for sizes, before the model is made) and in ``fill`` (for the values, after fresh
weights are drawn). What is filled in becomes a weight or a buffer and is saved as such, so that a run stands alone.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from zhprep.core.arrays import Array, load_array
from zhprep.core.errors import UsageError
from zhprep.vocab import Vocabulary, load


@dataclasses.dataclass(frozen=True)
class Assets:
    """The folders that tables are looked for in: the vocabulary's, then the data's. Nothing is read before it is
    asked for."""

    vocabulary: Path
    data: Path | None = None

    @property
    def tokens(self) -> Vocabulary:
        """The vocabulary itself."""
        return load(self.vocabulary)

    def array(self, name: str, *, made_by: str) -> Array:
        """Return the array in the file ``name`` (``.npy``), mapped.

        Raises ``UsageError`` with the command ``made_by`` when there is no such file, ``DataError`` when it is not an
        array.
        """
        path = self.path(name, made_by=made_by)
        return load_array(path, hint=made_by.format(vocabulary=self.vocabulary))

    def path(self, name: str, *, made_by: str) -> Path:
        """Return where the file or folder ``name`` is.

        Raises ``UsageError`` with the command ``made_by`` when it is in neither folder; ``{vocabulary}`` in it is the
        folder of the vocabulary: ``zhprep render-glyphs --vocab {vocabulary}``.
        """
        folders = [folder for folder in (self.vocabulary, self.data) if folder is not None]
        for folder in folders:
            if (folder / name).exists():
                return folder / name
        where = " or ".join(map(str, folders))
        raise UsageError(
            f"the model needs {name}, which is not in {where}", hint=made_by.format(vocabulary=self.vocabulary)
        )
