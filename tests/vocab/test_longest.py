"""Runs of ASCII by WordPiece's rule, against the library."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loops import loop_of
from tokenizers import Tokenizer

from zhprep.vocab import codepoints
from zhprep.vocab.cuts import BertCuts, Marks, bert_loop, longest, longest_loop
from zhprep.vocab.cuts.longest import LongestEntries
from zhprep.vocab.runs import Library, RunCache

ENTRIES = [
    "a",
    "ab",
    "abc",
    "b",
    "A",
    "Ab",
    "0",
    "01",
    "a1",
    "##a",
    "##b",
    "##bc",
    "##ca",
    "##1",
    "##A",
    "##é",
    "é",
    "x",
]
RUNS = st.lists(
    st.one_of(st.text("abc01A", min_size=1, max_size=9), st.text("abé中cÀ", min_size=1, max_size=5)), max_size=9
)


def parts_of(*, lowercase: bool | None, prefix: str = "##", most: int = 6) -> dict[str, Any]:
    tokens = ["[UNK]", *(prefix + entry.removeprefix("##") if entry[:2] == "##" else entry for entry in ENTRIES)]
    bert = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None}
    names = ("truncation", "padding", "post_processor", "decoder")
    return {
        "version": "1.0",
        **dict.fromkeys(names),
        "added_tokens": [],
        "normalizer": None if lowercase is None else {"type": "BertNormalizer", **bert, "lowercase": lowercase},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": prefix,
            "max_input_chars_per_word": most, "vocab": {token: number for number, token in enumerate(tokens)},
        },
    }  # fmt: skip


@pytest.mark.parametrize("lowercase", [None, False, True])
@pytest.mark.parametrize("prefix", ["##", "x"])
def test_runs_have_the_tokens_of_the_library(lowercase: bool | None, prefix: str) -> None:
    parts = parts_of(lowercase=lowercase, prefix=prefix)
    library = Library(lambda: Tokenizer.from_str(json.dumps(parts)))
    asked = []

    def ask(runs: list[bytes]) -> Any:
        asked.extend(runs)
        return library.encode(runs)

    ours = LongestEntries(parts["model"], parts["normalizer"], ask)

    @given(RUNS)
    def same(texts: list[str]) -> None:
        runs = [text.encode("utf-32-le") for text in texts]
        for mine, theirs in zip(ours.encode(runs), library.encode(runs), strict=True):
            assert mine.tolist() == theirs.tolist()

    same()
    assert asked
    assert not any(run.decode("utf-32-le").isascii() for run in asked)


@pytest.mark.parametrize("lowercase", [None, False, True])
@pytest.mark.parametrize("prefix", ["##", "x", ""])
def test_the_compiled_loop_finds_the_tokens_of_all_runs(
    lowercase: bool | None, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow = loop_of(longest_loop.grow, longest_loop.GROW_SIGNATURE)
    encode = loop_of(longest_loop.encode, longest_loop.SIGNATURE)
    monkeypatch.setattr(longest, "_GROW", SimpleNamespace(get=lambda _: grow))
    monkeypatch.setattr(longest, "_ENCODE", SimpleNamespace(get=lambda _: encode))
    parts = parts_of(lowercase=lowercase, prefix=prefix)
    library = Library(lambda: Tokenizer.from_str(json.dumps(parts)))
    entries = LongestEntries(parts["model"], parts["normalizer"], library.encode)
    runs = RunCache(entries.encode, np.uint16, quick=entries.find)

    @given(RUNS)
    def same(texts: list[str]) -> None:
        points = np.array(list(map(ord, "中" + "中".join(texts))), np.uint32)
        stops = np.cumsum([1 + len(text) for text in texts], dtype=np.int64)
        starts = stops - np.array([len(text) for text in texts], np.int64)
        plain = entries.find(points, starts, stops)
        assert plain is not None
        assert (plain.n_tokens < 0).tolist() == [not text.isascii() for text in texts]
        theirs = library.encode([text.encode("utf-32-le") for text in texts])
        for mine, other in zip(runs.of(points, starts, stops), theirs, strict=True):
            assert mine.tolist() == other.tolist()

    same()


def test_a_model_without_its_unknown_token_is_left_to_the_library() -> None:
    model = parts_of(lowercase=True)["model"] | {"unk_token": "[NONE]"}
    with pytest.raises(KeyError):
        LongestEntries(model, None, ask=pytest.fail)  # type: ignore[arg-type]


@given(st.lists(st.text("ab1é中丈\u9fff\u3400，。 \u3000", max_size=7), max_size=5))
def test_the_compiled_loop_cuts_as_the_arrays_do(texts: list[str]) -> None:
    parts, marks = parts_of(lowercase=True), Marks.for_size(40)
    parts["model"]["vocab"] |= {"中": 25, "。": 26}
    library = Library(lambda: Tokenizer.from_str(json.dumps(parts)))
    mine = BertCuts(library, marks, LongestEntries(parts["model"], parts["normalizer"], library.encode))
    theirs = BertCuts(library, marks)
    for chunk in codepoints.chunks(texts):
        found = mine.by_loop(loop_of(bert_loop.cut, bert_loop.SIGNATURE), chunk)
        codes = theirs._table.look_up(chunk.points)
        starts, stops = codepoints.run_bounds(codes == marks.run, chunk.offsets)
        assert found.codes.tolist() == codes.tolist()
        assert found.codes.dtype == codes.dtype
        assert (found.starts.tolist(), found.stops.tolist()) == (starts.tolist(), stops.tolist())
