"""Keep Arrow from importing pandas, where that is installed: it takes a third of a command's start, for nothing.

pyarrow looks for pandas once, when it first makes an array of numpy or finds out the type of a list, to know a pandas
object if it gets one. No command makes one. Whoever else imports pandas in the process still can.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any


class _NoPandas:  # what importlib.abc.MetaPathFinder is, without the time to import that
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002
        if name == "pandas":
            raise ImportError("zhprep makes no pandas objects")


@contextlib.contextmanager
def arrow_alone() -> Iterator[None]:
    """Let modules be imported; if pyarrow is then there, it has looked for pandas and found none."""
    if "pandas" in sys.modules or "pyarrow" in sys.modules:
        yield
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
        if "pyarrow" in sys.modules:
            sys.modules["pyarrow"].array([0], "int64").to_numpy()  # for the type of a list it would import dateutil
    finally:
        sys.meta_path.remove(finder)
