"""Make instances of a corpus: the text stages that are missing, then the builder, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhprep.core.config import as_dict
from zhprep.core.corpus import Corpus, ReadConfig
from zhprep.core.report import Account, Report
from zhprep.core.shards import Job, Output, run_job
from zhprep.core.shards.commit import committed
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, build_instances
from zhprep.normalize import NormalizeConfig
from zhprep.pinyin.readings import Readings
from zhprep.run.chain import Chain
from zhprep.run.folders import finished_characters
from zhprep.segment import SegmentConfig
from zhprep.vocab import Vocabulary, load
from zhprep.vocab.files import TOKENIZER_FILES

VOCABULARY = "vocab"
"""The folder inside an instances folder that holds its tokenizer, so that the data can be used alone."""


@dataclass
class MakeInstances:
    """From a block of documents to a shard of instances; a ``Task``."""

    chain: Chain
    instances: InstancesConfig
    vocabulary_path: Path
    recipe: str = ""
    table: str = "instances"

    def config(self) -> dict[str, Any]:
        """Return the settings of the text stages and of the instances, and which vocabulary."""
        return {**self.chain.config(), "instances": as_dict(self.instances), "vocabulary": self._vocabulary.sha256}

    def facts(self) -> dict[str, Any]:
        """Return vocabulary, segmenter and recipe for the manifest."""
        return {"vocabulary": self._vocabulary.sha256, "recipe": self.recipe, **self.chain.facts()}

    def schema(self) -> pa.Schema:
        """Return the columns that the format, and masking on disk, give."""
        return InstanceBuilder(self._materials).schema

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        """Yield the instances of one block."""
        builder = InstanceBuilder(self._materials, block=block, account=account)
        return build_instances(self.chain.run(batches, block, account), builder)

    def copy_tokenizer(self, folder: Path) -> None:
        """Put the files of the tokenizer into ``folder/vocab``."""
        (folder / VOCABULARY).mkdir(exist_ok=True)
        for name in TOKENIZER_FILES:
            if (self.vocabulary_path / name).exists():
                with committed(folder / VOCABULARY / name, replace=True) as file:
                    file.write((self.vocabulary_path / name).read_bytes())

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return load(self.vocabulary_path)

    @cached_property
    def _materials(self) -> Materials:
        sounds = self.chain.table == "pinyin"
        materials = Materials.of(self.instances, self._vocabulary, sounds=sounds)
        if not sounds:
            return materials
        usual = Readings.of(self._vocabulary.tokens).usual
        return replace(materials, facts=replace(materials.facts, sounds=usual))

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is loaded behind: each process loads its own."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_materials", "_vocabulary")}


def sides(
    instances: InstancesConfig, read: ReadConfig, normalize: NormalizeConfig, segment: SegmentConfig
) -> tuple[ReadConfig, NormalizeConfig, SegmentConfig]:
    """Return how text is read, cleaned and cut: parallel text by its columns, no side split into sentences, words of
    alphabets whole; other text as it was."""
    if not instances.languages:
        return read, normalize, segment
    return (
        replace(read, columns=",".join(instances.languages)),
        replace(normalize, split=False),
        replace(segment, whole_letters=True),
    )


def make_instances(corpus: Corpus, task: MakeInstances, output: Output) -> Report:
    """Make the instances folder ``output.path``, with the tokenizer that made it beside the shards."""
    report = Report(output=str(output.path))
    task.schema()  # raises for settings that do not fit together, before anything is written
    if not output.overwrite:
        report.kept_characters = finished_characters(output.path, output.shard_index, output.num_shards)
    report.account, report.content_sha256 = run_job(Job(corpus, task, task.copy_tokenizer), output)
    return report
