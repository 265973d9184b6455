"""The segmenters by name. Adding one is one file here and one line below.

An engine has a ``name``, a ``fingerprint`` (engine, version, hash of its dictionary: it goes into the
manifest) and ``cut(sentences) -> words of each sentence``. It may also have a block form, which the stage prefers:
``ends(sentences: pyarrow string array) -> Cuts``, or ``ends_of(text: Sentences) -> Cuts``. It is made with the
:class:`SegmentConfig`, and imports its own packages when it is made, not before.
"""

from __future__ import annotations

from typing import Protocol

from zhprep.core.errors import UsageError
from zhprep.core.registry import Parts, load_object, lookup
from zhprep.segment.config import SegmentConfig


class SegmentEngine(Protocol):
    """What the stage asks of a segmenter."""

    name: str

    def __init__(self, config: SegmentConfig) -> None: ...

    def fingerprint(self) -> str:
        """Return engine, version and dictionary hash in one line."""
        ...

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence; joined, they are the sentence."""
        ...


ENGINES: dict[str, type[SegmentEngine]] = Parts(
    __name__,
    {
        "jieba": "jieba:Jieba",
        "pkuseg": "pkuseg:Pkuseg",
        "thulac": "thulac:Thulac",
        "ltp": "ltp:Ltp",
        "hanlp": "hanlp:Hanlp",
        "lac": "lac:Lac",
        "max-match": "max_match:MaxMatch",
        "characters": "characters:CharacterEngine",
        "presegmented": "presegmented:Presegmented",
    },
)


def load_engine(config: SegmentConfig) -> SegmentEngine:
    """Return the engine that ``config.cws`` names: one of ours, or anyone's as ``package.module:Class``.

    Raises ``UsageError`` for an unknown name, for what is no segmenter, or when a package that is needed is absent.
    """
    if ":" in config.cws:
        kind: type[SegmentEngine] = load_object(config.cws, "segmenter")
        lacking = [name for name in ("fingerprint", "cut") if not callable(getattr(kind, name, None))]
        if not isinstance(kind, type) or lacking:
            raise UsageError(
                f"{config.cws!r} is no segmenter: " + (f"it has no {lacking[0]}()" if lacking else "it is no class"),
                hint="name a class with fingerprint() and cut(sentences), as in zhprep.segment.engines.SegmentEngine",
            )
    else:
        kind = lookup(ENGINES, config.cws, "segmenter")
    return kind(config)
