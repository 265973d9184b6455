"""An output folder that is there whole or not at all.

In: the name of a folder. Out: a folder of another name to write into, which gets its name at the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from zhprep.core.errors import UsageError
from zhprep.core.shards import Claim, remove_leftovers, sync_folder, temporary_folder
from zhprep.core.temporary import naming


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a folder beside ``out`` that becomes ``out`` when the block ends without an error, and else goes.

    Raises ``UsageError`` when ``out`` is there and is not empty.
    """
    _check_empty(out)
    with Claim(out.parent), naming(out):
        remove_leftovers(out.parent, of=out.name)
        with temporary_folder(out) as folder:
            yield folder
            _check_empty(out)
            folder.replace(out)
        sync_folder(out.parent)


def _check_empty(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out}: is not empty", hint="name another folder; nothing is written over")
