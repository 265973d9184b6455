"""Joining the lines that the width of a page broke: golden cases, the account, and text that is to stay as it is.

A case in ``tests/cases/unwrap`` is a name, raw lines, ``----``, and the lines that come of them (``=``: the same).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build
from zhprep.run.notes import notes_of

FOLDER = Path(__file__).parent.parent / "cases" / "unwrap"


class Case(NamedTuple):
    lines: list[str]
    expected: list[str]


def read_cases(path: Path) -> dict[str, Case]:
    cases = {}
    for block in path.read_text(encoding="utf-8").rstrip("\n").split("\n====\n"):
        name, *lines = block.split("\n")
        border = lines.index("----")
        expected = lines[border + 1 :]
        cases[f"{path.stem}: {name.removeprefix('# ')}"] = Case(
            lines[:border], lines[:border] if expected == ["="] else expected
        )
    return cases


CASES = {name: case for path in sorted(FOLDER.glob("*.txt")) for name, case in read_cases(path).items()}


def unwrapped(*documents: list[str], unwrap: bool = True) -> tuple[list[list[str]], Account]:
    """Return the lines of documents after joining alone: no step, no splitting."""
    account = Account()
    columns = [pa.array([str(i) for i in range(len(documents))]), pa.array(documents, pa.list_(pa.string()))]
    config = NormalizeConfig(unwrap=unwrap, steps=(), split=False)
    batch = pa.RecordBatch.from_arrays(columns, schema=schema.TEXT)
    return build(config)(batch, account)["sentences"].to_pylist(), account


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(case):
    (lines,), account = unwrapped(case.lines)
    assert lines == case.expected
    n_joined = len(case.lines) - len(case.expected)
    assert account.dropped["sentences.unwrapped"] == n_joined
    gained, lost = account.inserted["characters.unwrapped"], account.dropped["characters.unwrapped"]
    assert account.counts["characters"] == sum(map(len, case.lines))
    assert account.counts["characters"] + gained - lost == account.counts["characters_out"] == sum(map(len, lines))
    assert unwrapped(lines)[0] == [lines], "what was joined is joined no further"


def test_every_kind_has_cases():
    assert {path.stem for path in FOLDER.glob("*.txt")} >= {"prose", "dialogue", "lists", "verse", "tables", "mixed"}
    assert len(CASES) >= 25


def test_documents_are_looked_at_one_by_one():
    prose, verse = next(iter(read_cases(FOLDER / "prose.txt").values())), read_cases(FOLDER / "verse.txt")
    couplets = verse["verse: couplets"]
    lines, _ = unwrapped(prose.lines, [], couplets.lines, prose.lines)
    assert lines == [prose.expected, couplets.expected, prose.expected]


def test_sentences_come_back_whole():
    config = {False: NormalizeConfig(), True: NormalizeConfig(unwrap=True)}
    case = next(iter(read_cases(FOLDER / "prose.txt").values()))
    rows = {}
    for unwrap, lines in ((True, case.lines), (False, case.expected)):
        batch = pa.RecordBatch.from_arrays([pa.array(["d"]), pa.array([lines])], schema=schema.TEXT)
        rows[unwrap] = build(config[unwrap])(batch, Account())["sentences"].to_pylist()
    assert rows[True] == rows[False]


def test_a_note_where_a_corpus_looks_wrapped():
    case = next(iter(read_cases(FOLDER / "prose.txt").values()))
    _, account = unwrapped(case.lines * 3, unwrap=False)
    assert "--unwrap" in notes_of(account)[0]
    for document in (case.lines * 3, case.expected * 3, read_cases(FOLDER / "verse.txt")["verse: couplets"].lines):
        unwrap = document == case.lines * 3
        assert notes_of(unwrapped(document, unwrap=unwrap)[1]) == []


LINE = st.text(st.sampled_from("中文，。“”a1 -\u3000（\t"), max_size=40)
WIDE = st.text(st.sampled_from("中文的人不，。a"), min_size=19, max_size=20)


@given(st.lists(st.lists(st.one_of(LINE, WIDE), max_size=9), max_size=4))
def test_any_lines_lose_nothing_but_white_space_at_joints(documents):
    lines, account = unwrapped(*documents)
    joined = "".join("".join(document) for document in lines)
    given_ = "".join("".join(document) for document in documents)
    assert "".join(joined.split()) == "".join(given_.split())
    gained, lost = account.inserted["characters.unwrapped"], account.dropped["characters.unwrapped"]
    assert len(given_) + gained - lost == len(joined) == account.counts["characters_out"]
    filled = [[line for line in document if line] for document in documents]
    n_out = sum(map(len, lines))
    assert (
        n_out == sum(map(len, documents)) - account.dropped["sentences.unwrapped"] - account.dropped["sentences.empty"]
    )
    assert n_out <= sum(map(len, filled))


@pytest.mark.parametrize(
    "name",
    ["classical_tang_song_poems", "noisy_waimai_reviews", "prose_laws_zh_cn", "prose_lctt_tech_articles",
     "prose_public_domain_fiction", "traditional_wiki_drcd"],
)  # fmt: skip
def test_real_text_of_one_sentence_a_line_stays_as_it_is(name, shared_data):
    text = (shared_data / "corpus" / f"{name}.txt").read_text(encoding="utf-8")
    documents = [[line for line in document.split("\n") if line.strip()] for document in text.split("\n\n")]
    documents = [document for document in documents if document]
    lines, account = unwrapped(*documents)
    assert lines == documents
    assert account.dropped == account.inserted == {}
