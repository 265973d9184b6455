"""An output folder that is there whole or not at all.

In: the name of a folder. Out: a folder of another name to write into, which gets its name at the end.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zhprep.core.errors import UsageError
from zhprep.core.shards.commit import PREFIX


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a folder beside ``out`` that becomes ``out`` when the block ends without an error, and else goes.

    Raises ``UsageError`` when ``out`` is there and is not empty.
    """
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out}: is not empty", hint="name another folder; nothing is written over")
    made = [folder for folder in out.parents if not folder.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{out.name}-", dir=out.parent))
    try:
        yield temporary
        temporary.chmod(out.parent.stat().st_mode & 0o777)
        temporary.replace(out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:  # the nearest first
            with contextlib.suppress(OSError):  # somebody else wrote there
                folder.rmdir()
        raise
