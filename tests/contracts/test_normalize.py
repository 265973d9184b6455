"""What every step of normalisation, and all of them together, must hold on any Unicode text."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zhprep.normalize.steps
from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.normalize import STEPS, NormalizeConfig, build
from zhprep.normalize.config import STEP_NAMES

# Characters that steps and splitter look at, so that rules meet each other often.
TRICKY = (
    "。！？；…．.!?,，、：“”‘’「」『』（）()《》【】\"'—～~;&#x"
    "说道问答和的我你他第条一 \t\u3000\u00a0\u2009\n\r\x0b\x0c\x85\u2028\u2029\0"
    "\x01\x7f\ufeff\u200b\u200c\u200d\u2060\u00ad\u200e\u202e\u2066"
    "AaZzＡａ１１19０é\u0301\u0300\u0323\u3099ｶﾞがバ한\u1112\u1161\u11ab㎡①ﬁ½²℃\uf900豈\U00020000\U0002f800〇々"
    "😀👨👩👧❤\ufe0f\ufe0e\U0001f3fb🇨🇳🏴\U000e0067\U000e007f\u20e3#*\ue000\U000f0000\ufffe\ufdd0\ufffc\ufffd"
    "שלוםمرحبا\u0646\u0650नमस्ते\u094d\U0001f1e6"
)
PIECES = ["&amp;", "&lt;", "&nbsp;", "&#12290;", "&#x3002;", "&semi;", "&zwj;", "……", "——", "3.14", "http://a.com/?b=1",
          "a.b@c.cn", "Mr. ", "U.S. ", "1. ", "说道", "。”", "！》", "！）",
          "\r\n", "👨\u200d👩\u200d👧", "ＡＢ", "！\ufe0f"]  # fmt: skip
CHARACTERS = st.one_of(st.sampled_from(TRICKY), st.characters(exclude_categories=["Cs"]))
SENTENCES = st.lists(st.one_of(CHARACTERS, st.sampled_from(PIECES)), max_size=40).map("".join)
DOCUMENTS = st.lists(st.lists(SENTENCES, max_size=4), max_size=4)

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "unicode_form": st.sampled_from(["nfc", "nfkc", "none"]),
        "width": st.sampled_from(["letters-digits", "all", "none"]),
        "emoji": st.sampled_from(["keep", "strip", "placeholder"]),
        "chinese_spaces": st.sampled_from(["remove", "keep"]),
        "split": st.booleans(),
        "split_at_semicolon": st.booleans(),
        "max_sentence_length": st.integers(8, 30),
        "longest_punctuation_run": st.integers(1, 3),
        "steps": st.sets(st.sampled_from(STEP_NAMES)).map(lambda names: tuple(sorted(names))),
    },
)

many = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def batch(documents: list[list[str]]) -> pa.RecordBatch:
    names = pa.array([str(i) for i in range(len(documents))], pa.string())
    return pa.RecordBatch.from_arrays([names, pa.array(documents, pa.list_(pa.string()))], schema=schema.TEXT)


def run(documents: list[list[str]], config: NormalizeConfig) -> tuple[pa.RecordBatch, Account]:
    account = Account()
    result = build(config)(batch(documents), account)
    result.validate(full=True)
    return result, account


def assert_balanced(documents: list[list[str]], result: pa.RecordBatch, account: Account) -> None:
    def total(counts: dict[str, int], unit: str) -> int:
        return sum(n for reason, n in counts.items() if reason.startswith(f"{unit}."))

    sentences = [sentence for document in result["sentences"].to_pylist() for sentence in document]
    given_sentences = [sentence for document in documents for sentence in document]
    counts = account.counts
    assert counts["characters"] == sum(map(len, given_sentences))
    assert counts["characters_out"] == sum(map(len, sentences))
    assert counts["sentences_in"] == len(given_sentences)
    assert counts["sentences"] == len(sentences)
    for unit, n_in, n_out in (
        ("characters", "characters", "characters_out"),
        ("sentences", "sentences_in", "sentences"),
    ):
        left = counts[n_in] + total(account.inserted, unit) - total(account.dropped, unit)
        assert left == counts[n_out], unit
    assert result.num_rows == len(documents) - account.dropped["documents.empty"]


@many
@given(DOCUMENTS, OPTIONS)
def test_what_went_in_is_what_came_out_and_what_is_counted(documents, options):
    result, account = run(documents, NormalizeConfig(**options))
    assert_balanced(documents, result, account)
    assert all(sentence for document in result["sentences"].to_pylist() for sentence in document)


@many
@given(DOCUMENTS, OPTIONS)
def test_normalising_again_changes_nothing(documents, options):
    config = NormalizeConfig(**options)
    once, _ = run(documents, config)
    account = Account()
    twice = build(config)(once, account)
    assert twice["sentences"].to_pylist() == once["sentences"].to_pylist()
    assert not account.dropped
    assert not account.changed
    assert not account.inserted


@many
@given(DOCUMENTS, OPTIONS)
def test_documents_do_not_touch_each_other(documents, options):
    config = NormalizeConfig(**options)
    together, _ = run(documents, config)
    alone = [row for document in documents for row in run([document], config)[0]["sentences"].to_pylist()]
    assert together["sentences"].to_pylist() == alone


@many
@given(SENTENCES, st.booleans())
def test_splitting_loses_only_white_space(sentence, semicolon):
    config = NormalizeConfig(steps=(), max_sentence_length=16, split_at_semicolon=semicolon)
    result, _ = run([[sentence]], config)
    left = "".join("".join(row) for row in result["sentences"].to_pylist())
    assert "".join(left.split()) == "".join(sentence.split())


@pytest.mark.parametrize("seed", range(40))
def test_many_lines_of_few_characters(seed):
    """Lines drawn from a handful of tricky characters meet more rules at once than hypothesis finds."""
    draw = random.Random(seed)
    options = {
        "unicode_form": draw.choice(["nfc", "nfkc", "none"]),
        "width": draw.choice(["letters-digits", "all", "none"]),
        "emoji": draw.choice(["keep", "strip", "placeholder"]),
        "chinese_spaces": draw.choice(["remove", "keep"]),
        "split_at_semicolon": draw.random() < 0.5,
        "max_sentence_length": draw.randint(8, 30),
        "longest_punctuation_run": draw.randint(1, 3),
        "steps": STEP_NAMES if draw.random() < 0.5 else tuple(name for name in STEP_NAMES if draw.random() < 0.7),
    }
    characters = draw.sample([*TRICKY, *PIECES], draw.randint(4, 60))
    documents = [["".join(draw.choices(characters, k=draw.randint(1, 40))) for _ in range(300)]]
    config = NormalizeConfig(**options)
    once, account = run(documents, config)
    assert_balanced(documents, once, account)
    twice, _ = run(once["sentences"].to_pylist(), config)
    assert twice["sentences"].to_pylist() == once["sentences"].to_pylist()


@pytest.mark.parametrize("name", STEPS)
@settings(max_examples=60, deadline=None)
@given(documents=DOCUMENTS)
def test_each_step_alone_balances(name, documents):
    config = NormalizeConfig(steps=(name,), split=False, emoji="strip", unicode_form="nfkc", width="all")
    result, account = run(documents, config)
    assert_balanced(documents, result, account)
    reasons = {reason.partition(".")[2] for reason in (*account.dropped, *account.changed, *account.inserted)}
    assert reasons <= {name.replace("-", "_"), "line_separators", "empty", "split"}


def test_every_step_is_a_file_and_every_file_a_step():
    folder = Path(zhprep.normalize.steps.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--"}
    assert files == set(STEPS)
    assert tuple(STEPS) == STEP_NAMES
