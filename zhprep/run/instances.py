"""Make instances of a corpus: the text stages that are missing, then the builder, block by block."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhprep.core.config import as_dict
from zhprep.core.corpus import Corpus, ReadConfig
from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError
from zhprep.core.report import Account, Report
from zhprep.core.shards import BlockJob, Output, committed, remove_leftovers, run_job
from zhprep.instances import (
    COARSE_VOCABULARY,
    SIMILAR_WORDS,
    TAGS,
    InstanceBuilder,
    InstancesConfig,
    Materials,
    build_instances,
    builder_of,
    coarse_vocabulary,
)
from zhprep.instances.layout import read_tag_sets
from zhprep.normalize import NormalizeConfig
from zhprep.run.chain import Chain
from zhprep.run.folders import finished_characters
from zhprep.segment import SegmentConfig
from zhprep.vocab import TOKENIZER_FILES, Vocabulary, load

LOADED = ("_materials", "_vocabulary", "_coarse", "_schema")
"""What each process loads for itself."""

VOCABULARY = "vocab"
"""The folder inside an instances folder that holds its tokenizer, so that the data can be used alone."""


@dataclass
class MakeInstances:
    """From a block of documents to a shard of instances; a ``BlockTask``.

    ``loaded`` hands in the vocabulary that lies at ``vocabulary_path``, where it has been loaded already.
    """

    chain: Chain
    instances: InstancesConfig
    vocabulary_path: Path
    recipe: str = ""
    table: str = "instances"
    loaded: Vocabulary | None = field(default=None, compare=False)

    def config(self) -> dict[str, Any]:
        """Return the settings of the text stages and of the instances, and which vocabulary."""
        instances = as_dict(self.instances) | {"similar_words": SIMILAR_WORDS if self._similar_words else None}
        instances["tags"] = TAGS if self.instances.tags else None
        instances["coarse_vocab"] = COARSE_VOCABULARY if self.instances.coarse_vocab else None
        return {**self.chain.config(), "instances": instances, "vocabulary": self._vocabulary.sha256}

    def facts(self) -> dict[str, Any]:
        """Return vocabulary, segmenter, recipe and the hashes of all files that words and masks depend on."""
        similar = {"similar_words": file_sha256(self._similar_words)} if self._similar_words else {}
        named = {"spans": self.instances.spans, "tags": self.instances.tags}
        files = {name: file_sha256(path) for name, path in named.items() if path}
        if self.instances.entities:
            files["entities"] = " ".join(map(file_sha256, self.instances.entities))
        sets = {"tag_sets": hashlib.sha256(self._tag_sets).hexdigest()} if self.instances.tags else {}
        ours = {"vocabulary": self._vocabulary.sha256, "recipe": self.recipe}
        coarse = {} if self._coarse is None else {"coarse_vocabulary": self._coarse.sha256}
        return {**ours, **coarse, **similar, **files, **sets, **self.chain.facts()}

    def schema(self) -> pa.Schema:
        """Return the columns that the format, and masking on disk, give."""
        return self._schema

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        """Yield the instances of one block."""
        builder = builder_of(self._materials, block=block, account=account)
        return build_instances(self.chain.run(batches, block, account), builder)

    def put_beside(self, folder: Path) -> list[str]:
        """Put the files of the tokenizer into ``folder/vocab``, those of a coarse one into ``folder/coarse-vocab``, the
        table of similar words and the names of tags into ``folder``.

        Returns the names of all that lies there beside the shards and is read later.
        """
        tokenizers = {VOCABULARY: self.vocabulary_path}
        if self.instances.coarse_vocab:
            tokenizers[COARSE_VOCABULARY] = Path(self.instances.coarse_vocab)
        for inside, path in tokenizers.items():
            (folder / inside).mkdir(exist_ok=True)
            remove_leftovers(folder / inside)
            for name in TOKENIZER_FILES:
                if (path / name).exists():
                    _copy(path / name, folder / inside / name)
        if self._similar_words:
            _copy(self._similar_words, folder / SIMILAR_WORDS)
        if self.instances.tags:
            with committed(folder / TAGS, replace=True) as file:
                file.write(self._tag_sets)
        return files_beside(folder, self.facts())

    @property
    def _similar_words(self) -> Path | None:
        """The table that masks are drawn from, if they are."""
        given = self.instances.similar_words
        return Path(given) if given and self.instances.replacing == "similar" else None

    @property
    def _tag_sets(self) -> bytes:
        """The tags of each kind that the file of tags has, as they lie beside the shards."""
        assert self.instances.tags is not None
        return (json.dumps({"tags": read_tag_sets(self.instances.tags)}, ensure_ascii=False) + "\n").encode()

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return self.loaded or load(self.vocabulary_path)

    @cached_property
    def _coarse(self) -> Vocabulary | None:
        return coarse_vocabulary(self.instances)

    @cached_property
    def _materials(self) -> Materials:
        if self.chain.table != "pinyin":
            return Materials.of(self.instances, self._vocabulary)
        from zhprep.pinyin.readings import Readings  # takes a while: for those who need it

        return Materials.of(self.instances, self._vocabulary, readings=Readings.of(self._vocabulary.tokens))

    @cached_property
    def _schema(self) -> pa.Schema:
        return InstanceBuilder(self._materials).schema  # of no documents: what it takes for each shard adds up

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is loaded behind: each process loads its own."""
        kept = {name: value for name, value in self.__dict__.items() if name not in LOADED}
        return {**kept, "loaded": None}


def files_beside(folder: Path, facts: Mapping[str, Any]) -> list[str]:
    """Return the names of what lies beside the shards of a folder of instances and is read with them.

    Raises ``DataError`` when tokenizer, similar words or tags are not those that ``facts``, of its plan, say.
    """
    promised = {
        f"{VOCABULARY}/tokenizer.json": facts.get("vocabulary"),
        f"{COARSE_VOCABULARY}/tokenizer.json": facts.get("coarse_vocabulary"),
        SIMILAR_WORDS: facts.get("similar_words"),
        TAGS: facts.get("tag_sets"),
    }
    for name, sha256 in promised.items():
        file = folder / name
        if sha256 and not (file.is_file() and file_sha256(file) == sha256):
            what = "is not what the shards were made with" if file.is_file() else "is missing"
            hint = "run any task of the make-instances again: it keeps the shards and puts the file there"
            raise DataError(f"{file}: {what}", hint=hint)
    inside = [VOCABULARY, COARSE_VOCABULARY] if facts.get("coarse_vocabulary") else [VOCABULARY]
    there = [path for name in inside for path in (folder / name).glob("*")]
    names = [f"{path.parent.name}/{path.name}" for path in there if path.is_file() and not path.name.startswith(".")]
    return names + [name for name in (SIMILAR_WORDS, TAGS) if promised[name]]


def _copy(source: Path, target: Path) -> None:
    with committed(target, replace=True) as file:
        file.write(source.read_bytes())


def of_parallel_text(
    instances: InstancesConfig, read: ReadConfig, normalize: NormalizeConfig, segment: SegmentConfig
) -> tuple[ReadConfig, NormalizeConfig, SegmentConfig]:
    """Return how text is read, cleaned and cut: parallel text by its columns, no side split into sentences, words of
    alphabets whole; other text as it was."""
    if not instances.languages:
        return read, normalize, segment
    return (
        replace(read, columns=",".join(instances.languages)),
        replace(normalize, split=False, steps=tuple(step for step in normalize.steps if step != "line-separators")),
        replace(segment, whole_letters=True),
    )


def make_instances(corpus: Corpus, task: MakeInstances, output: Output) -> Report:
    """Make the instances folder ``output.path``, with the tokenizer that made it beside the shards."""
    report = Report(output=str(output.path))
    task.schema()  # raises for settings that do not fit together, before anything is written
    if not output.overwrite:
        report.kept_characters = finished_characters(output.path, output.shard_index, output.num_shards)
    report.account, report.content_sha256 = run_job(BlockJob(corpus, task, task.put_beside), output)
    return report
