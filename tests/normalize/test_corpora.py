"""Real corpora, a document on one line: the splitter finds the sentences again, loses nothing, and is stable."""

from __future__ import annotations

from itertools import accumulate

import pyarrow as pa
import pytest

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build

ENDS = tuple("。！？…”」』")


def run(documents: list[list[str]], **options: object) -> tuple[list[list[str]], Account]:
    account = Account()
    names = pa.array([str(i) for i in range(len(documents))])
    batch = pa.RecordBatch.from_arrays([names, pa.array(documents)], schema=schema.TEXT)
    return build(NormalizeConfig(**options))(batch, account)["sentences"].to_pylist(), account


def borders(sentences: list[str]) -> set[int]:
    return set(accumulate(len(sentence.replace(" ", "")) for sentence in sentences))


@pytest.mark.parametrize(
    ("name", "precision", "recall"),
    [
        ("prose_lctt_tech_articles.txt", 0.99, 0.97),  # headings without a stop are lost to recall
        ("traditional_wiki_drcd.txt", 0.99, 0.99),
        ("prose_public_domain_fiction.txt", 0.99, 0.93),  # there, reporting clauses are sentences of their own
    ],
)
def test_sentences_are_found_again(shared_data, name, precision, recall):
    text = (shared_data / "corpus" / name).read_text(encoding="utf-8")
    documents, _ = run([document.split("\n") for document in text.split("\n\n")[:200]], split=False)
    whole = []
    for document in documents:  # a line without a stop stays a line, for nothing says that it ends
        lines = [""]
        for sentence in document:
            lines[-1] += sentence
            if not sentence.endswith(ENDS):
                lines.append("")
        whole.append(lines)
    found, account = run(whole, split_at_semicolon=False, max_sentence_length=10_000)
    assert ["".join(sentences).replace(" ", "") for sentences in found] == [
        "".join(lines).replace(" ", "") for lines in whole
    ]
    assert run(found, split_at_semicolon=False, max_sentence_length=10_000)[0] == found
    pairs = [(borders(ours), borders(theirs)) for ours, theirs in zip(found, documents, strict=True)]
    n_same, n_ours, n_theirs = (
        sum(sizes) for sizes in zip(*((len(a & b), len(a), len(b)) for a, b in pairs), strict=True)
    )
    assert n_same / n_ours > precision
    assert n_same / n_theirs > recall
    assert not [reason for reason in account.dropped if reason not in ("characters.whitespace", "sentences.empty")]


def test_normalised_corpora_stay_as_they_are(shared_data):
    for file in sorted((shared_data / "corpus").glob("*.txt")):
        text = file.read_text(encoding="utf-8")[:300_000]
        once, _ = run([document.split("\n") for document in text.split("\n\n")])
        twice, account = run(once)
        assert twice == once, file.name
        assert not account.dropped, file.name
        assert not account.changed, file.name
