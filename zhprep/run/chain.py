"""A chain of text stages, from what the input holds to the table wanted.

lines of text ─ normalize ─ segment ─ …        lines of words ─ read words ─ …
text table ─────────────── segment ─ …         words table ─────────────── …
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from zhprep.core import schema
from zhprep.core.config import as_dict
from zhprep.core.corpus import Corpus
from zhprep.core.corpus.inputs import LINE_FORMATS
from zhprep.core.errors import UsageError
from zhprep.core.report import Account
from zhprep.core.shards import manifests_of
from zhprep.segment import SegmentConfig, Segmenter
from zhprep.segment import build as build_segment

if TYPE_CHECKING:
    from zhprep.normalize import NormalizeConfig
    from zhprep.pinyin import PinyinConfig, PinyinStage

Stage = Callable[[pa.RecordBatch, Account], pa.RecordBatch]

ORDER = ("text", "words", "pinyin")


def takes_lines(corpus: Corpus) -> bool:
    """Return whether a corpus comes as lines, which still have to be normalised or taken apart."""
    return corpus.inputs[0].format in LINE_FORMATS


@dataclass
class Chain:
    """The text stages between what is read and ``table``; a ``BlockTask`` of :func:`zhprep.core.shards.run_job`.

    ``read`` is the table that the input holds and ``lines`` says that it comes as lines: words as
    lines still have to be taken apart. A config that is ``None`` leaves its stage out.
    ``inherited`` is what the folders that it reads say of their words. ``word_table`` is where the readings of words
    are kept between runs; it changes nothing but speed.
    """

    table: str
    read: str
    lines: bool
    normalize: NormalizeConfig | None = None
    segment: SegmentConfig | None = None
    pinyin: PinyinConfig | None = None
    word_table: Path | None = None
    inherited: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if ORDER.index(self.read) > ORDER.index(self.table):
            raise UsageError(f"the input holds {self.read} already; this makes {self.table}", hint="give text")
        if self.read != "text" or self.table == "text":
            self.segment = SegmentConfig(cws="presegmented") if self.read == "words" and self.lines else None
        if self.read != "text":
            self.normalize = None
        if self.read == "pinyin" or self.table != "pinyin":
            self.pinyin = None

    @classmethod
    def over(cls, corpus: Corpus, table: str, **configs: Any) -> Chain:
        """Return the chain from what ``corpus`` holds to ``table``, or to what it holds if that is further on."""
        furthest = max(table, corpus.table, key=ORDER.index)
        return cls(furthest, corpus.table, takes_lines(corpus), inherited=_said_of_words(corpus), **configs)

    def config(self) -> dict[str, Any]:
        """Return the settings of the stages that are done."""
        return {name: as_dict(config) for name, config in self._configs().items()}

    def facts(self) -> dict[str, Any]:
        """Return what did the segmenting: engine, version and dictionary hash, or what is inherited."""
        segmenter = self.inherited if self.segment is None else {"segmenter": self._segmenter.fingerprint()}
        return segmenter if self.pinyin is None else {**segmenter, "pinyin": self._reader.engine.fingerprint()}

    def schema(self) -> pa.Schema:
        """Return the schema of ``table``."""
        return schema.DOCUMENT_TABLES[self.table]

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:  # noqa: ARG002
        """Yield the batches of ``table``, empty ones left out."""
        for batch in batches:
            done = self.do(batch, account)
            if done.num_rows:
                yield done
        self.keep_words()

    def do(self, batch: pa.RecordBatch, account: Account) -> pa.RecordBatch:
        """Do every stage on one batch. Of a chain, the first stage's characters and the last's sentences count."""
        for position, stage in enumerate(self._stages):
            own = Account()
            batch = stage(batch, own)
            if position > 0:
                del own.counts["characters"]
            if position < len(self._stages) - 1:
                del own.counts["sentences"]
            account.add(own)
        account.count(documents_out=batch.num_rows)
        return batch

    def _configs(self) -> dict[str, Any]:
        configs = {"normalize": self.normalize, "segment": self.segment, "pinyin": self.pinyin}
        return {name: config for name, config in configs.items() if config is not None}

    @cached_property
    def _segmenter(self) -> Segmenter:
        assert self.segment is not None
        return Segmenter(self.segment)

    @cached_property
    def _stages(self) -> list[Stage]:
        stages: list[Stage] = []
        if self.normalize is not None:
            from zhprep.normalize import build as build_normalize  # for those whose text is raw

            stages.append(build_normalize(self.normalize))
        if self.segment is not None:
            stages.append(build_segment(self.segment, segmenter=self._segmenter))
        if self.pinyin is not None:
            stages.append(self._reader)
        return stages

    @cached_property
    def _reader(self) -> PinyinStage:
        """The pinyin stage, with the words that were read before if there is a table of them."""
        assert self.pinyin is not None
        from zhprep.pinyin import build as build_pinyin  # takes a while: for those who need it

        reader = build_pinyin(self.pinyin)
        words = getattr(reader.engine, "words", None)
        if words is not None and self.word_table is not None:
            words.load(self.word_table, reader.engine.fingerprint())
            self._n_words = len(words)
        return reader

    def keep_words(self) -> None:
        """Keep the table of words if it has grown; of several processes, the last to write it wins."""
        if self.word_table is None or self.pinyin is None:
            return
        words = getattr(self._reader.engine, "words", None)
        if words is not None and len(words) > self._n_words:
            words.save(self.word_table, self._reader.engine.fingerprint())
            self._n_words = len(words)

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is loaded behind: each process loads its own."""
        return {
            name: value for name, value in self.__dict__.items() if name not in ("_segmenter", "_stages", "_reader")
        }


def _said_of_words(corpus: Corpus) -> dict[str, Any]:
    """Return what segmented the words that a corpus holds, and with which settings, if folders of ours all say the
    same: who reads what is made of them may have to find words in the same way."""
    if corpus.table == "text":
        return {}
    said = []
    for manifest in manifests_of(corpus):
        own = {"segment": manifest["config"]["segment"]} if "segment" in manifest["config"] else {}
        said.append({name: manifest[name] for name in ("segmenter", "segment") if name in manifest} | own)
    return said[0] if said and all(one == said[0] for one in said) else {}
