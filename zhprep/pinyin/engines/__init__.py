"""The engines that read text aloud.

An engine is a class with ``name``, ``fingerprint()`` and ``read(text: FlatText) -> uint16 [N]``: the syllable id
of every code point, 0 where there is none. Adding one = one file + one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from zhprep.pinyin.engines.context import ContextEngine
from zhprep.pinyin.engines.g2pm import G2pmEngine
from zhprep.pinyin.engines.g2pw import G2pwEngine
from zhprep.pinyin.engines.pypinyin import PypinyinEngine

if TYPE_CHECKING:
    from zhprep.pinyin.config import PinyinConfig
    from zhprep.pinyin.flat import FlatText


class PinyinEngine(Protocol):
    """What every engine is."""

    name: str

    def fingerprint(self) -> str:
        """Return what decides its readings: its name, version, and the hash of its data."""
        ...

    def read(self, text: FlatText) -> npt.NDArray[np.uint16]:
        """Return the syllable id of every code point, uint16 ``[N]``; 0 where there is none."""
        ...


ENGINES: dict[str, Callable[[PinyinConfig], PinyinEngine]] = {
    "context": ContextEngine,
    "pypinyin": PypinyinEngine,
    "g2pm": G2pmEngine,
    "g2pw": G2pwEngine,
}
