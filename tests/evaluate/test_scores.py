"""Scores by hand, and equal to what others compute on thousands of drawn cases (nightly: many more)."""

from __future__ import annotations

import math
import random
import re
import warnings

import numpy as np
import pytest

from zhprep.evaluate import scores
from zhprep.evaluate.scores import accuracy, exact_match, macro_f1, overlap_f1, spread
from zhprep.evaluate.spans import Span, lenient, span_scores, strict, tags_of, word_tags

LABELS = np.array([0, 0, 0, 1, 1, 2])
GUESSES = np.array([0, 0, 1, 1, 0, 1])
MANY = 2000
SOME = pytest.mark.parametrize("many", [50, pytest.param(5000, marks=pytest.mark.nightly)])


def test_accuracy_by_hand():
    assert accuracy(LABELS, GUESSES) == pytest.approx(3 / 6)


def test_macro_f1_by_hand():
    """Class 0: P 2/3, R 2/3, F1 2/3. Class 1: P 1/3, R 1/2, F1 2/5. Class 2: never guessed, 0. Class 3: nowhere, 0."""
    assert macro_f1(LABELS, GUESSES, 3) == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    assert macro_f1(LABELS, GUESSES, 4) == pytest.approx((2 / 3 + 2 / 5 + 0 + 0) / 4)
    assert macro_f1(LABELS, LABELS, 3) == 1.0


def test_spread_by_hand():
    found = spread([0.5, 0.7])
    assert found == {"mean": pytest.approx(0.6), "std": pytest.approx(0.1), "best": 0.7, "values": [0.5, 0.7]}


@SOME
def test_classes_are_scored_as_scikit_learn_does(many):
    metrics = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(3)
    for _ in range(many):
        n_classes, n = int(draw.integers(2, 6)), int(draw.integers(1, 30))
        gold, said = draw.integers(0, n_classes, (2, n))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # single classes
            everywhere = {"labels": range(n_classes), "zero_division": 0}
            assert accuracy(gold, said) == pytest.approx(metrics.accuracy_score(gold, said))
            assert macro_f1(gold, said, n_classes) == pytest.approx(
                metrics.f1_score(gold, said, average="macro", **everywhere)
            )
            assert scores.matthews(gold, said, n_classes) == pytest.approx(metrics.matthews_corrcoef(gold, said))
            two = gold % 2, said % 2
            assert scores.binary_f1(*two) == pytest.approx(metrics.f1_score(*two, zero_division=0))


@SOME
def test_correlations_are_those_of_scipy(many):
    stats = pytest.importorskip("scipy.stats")
    draw = np.random.default_rng(4)
    for number in range(many):
        n = int(draw.integers(2, 40))
        one, other = draw.integers(0, 5, (2, n)).astype(float) if number % 2 else draw.normal(size=(2, n))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # series that do not vary
            for mine, theirs in ((scores.spearman, stats.spearmanr), (scores.pearson, stats.pearsonr)):
                expected = float(theirs(one, other).statistic)
                assert mine(one, other) == pytest.approx(0.0 if math.isnan(expected) else expected, abs=1e-12)


def drawn_tags(draw: random.Random, letters: str) -> list[str]:
    tags = [f"{letter}-{draw.choice('甲乙')}" if letter != "O" else "O" for letter in draw.choices(letters, k=8)]
    return tags[: draw.randint(1, 8)]


def as_spans(entities) -> list[Span]:
    return [Span(start, last + 1, kind) for kind, start, last in entities]


@pytest.mark.parametrize("letters", ["BIO", "BIOS", "BIOES"])
def test_lenient_spans_are_seqevals_default(letters):
    """An orphan I counts, as it does there."""
    labeling = pytest.importorskip("seqeval.metrics.sequence_labeling")
    draw = random.Random(5)
    for _ in range(MANY):
        tags = drawn_tags(draw, letters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert lenient(tags) == as_spans(labeling.get_entities(tags)), tags


@pytest.mark.parametrize(("letters", "scheme", "closed"), [("BIO", "IOB2", False), ("BIOES", "IOBES", True)])
def test_strict_spans_are_seqevals_strict(letters, scheme, closed):
    theirs = pytest.importorskip("seqeval.scheme")
    draw = random.Random(6)
    for _ in range(MANY):
        tags = drawn_tags(draw, letters)
        found = theirs.Entities([tags], getattr(theirs, scheme)).entities[0]
        assert strict(tags, closed=closed) == [Span(one.start, one.end, one.tag) for one in found], tags


@pytest.mark.parametrize(("scheme", "closed"), [("IOB2", False), (None, False)])
def test_f1_of_spans_is_seqevals(scheme, closed):
    seqeval, schemes = pytest.importorskip("seqeval.metrics"), pytest.importorskip("seqeval.scheme")
    draw = random.Random(7)
    settings = {"mode": "strict", "scheme": getattr(schemes, scheme)} if scheme else {}
    for _ in range(MANY):
        gold = [drawn_tags(draw, "BIO") for _ in range(3)]
        said = [[tag if draw.random() < 0.7 else "O" for tag in tags] for tags in gold]
        sides = [[set(strict(t, closed=closed) if scheme else lenient(t)) for t in side] for side in (said, gold)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = [getattr(seqeval, f"{name}_score") for name in ("precision", "recall", "f1")]
            expected = [float(score(gold, said, zero_division=0, **settings)) for score in theirs]
        assert span_scores(*sides) == pytest.approx(expected)


def test_schemes_that_trap_seqeval():
    """In strict mode it has no BMES, and of BIOS read as IOBES it drops what is longer than one from both sides."""
    assert strict(["B-人", "M-人", "E-人", "S-人"], closed=True) == [Span(0, 3, "人"), Span(3, 4, "人")]
    gold, said = ["S-人", "B-人", "I-人", "B-人", "I-人"], ["S-人", "O", "O", "O", "O"]
    sides = [[set(strict(tags, closed=False))] for tags in (said, gold)]
    assert span_scores(*sides) == pytest.approx((1.0, 1 / 3, 1 / 2))
    assert strict(["I-人", "O"], closed=False) == []
    assert lenient(["I-人", "O"]) == [Span(0, 1, "人")]
    assert strict(["B-人", "I-人"], closed=True) == []


def test_tags_and_spans_go_both_ways():
    draw = random.Random(8)
    for _ in range(MANY):
        ends = sorted(draw.sample(range(1, 12), draw.randint(1, 6)))
        words = [Span(begin, end, "word") for begin, end in zip([0, *ends], ends, strict=False)]
        assert lenient(word_tags(ends)) == strict(word_tags(ends), closed=True) == words
        some = [span._replace(kind=draw.choice("甲乙")) for span in words if draw.random() < 0.5]
        assert lenient(tags_of(some, 12)) == strict(tags_of(some, 12), closed=False) == some
    assert tags_of([Span(0, 3, "甲"), Span(1, 2, "乙")], 3) == ["B-甲", "I-甲", "I-甲"]


SIGNS = "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』"
"""What the script leaves out, character by character (its list has …… too, which no character is)."""


def plain_segments(text: str) -> list[str]:
    """The script's ``mixed_segmentation(rm_punc=True)``, words of other scripts as we take them."""
    segments, other = [], ""
    for char in str(text).lower().strip():
        if char in SIGNS:
            continue
        if re.search(r"[\u4e00-\u9fa5]", char):
            segments += re.findall(r"\d+(?:[.,]\d+)*|\w+|[^\w\s]", other)
            segments.append(char)
            other = ""
        else:
            other += char
    return segments + re.findall(r"\d+(?:[.,]\d+)*|\w+|[^\w\s]", other)


def plain_f1(answers: list[str], said: str) -> float:
    """The script's ``calc_f1_score``: the longest common run, by trying all."""
    found = []
    for answer in answers:
        one, other = plain_segments(answer), plain_segments(said)
        runs = [one[i:j] for i in range(len(one)) for j in range(i + 1, len(one) + 1)]
        longest = max(
            (len(run) for run in runs if any(other[k : k + len(run)] == run for k in range(len(other)))), default=0
        )
        if not longest:
            found.append(0.0)
            continue
        precision, recall = longest / len(other), longest / len(one)
        found.append(2 * precision * recall / (precision + recall))
    return max(found)


def plain_em(answers: list[str], said: str) -> int:
    bare = ["".join(c for c in text.lower().strip() if c not in SIGNS) for text in (*answers, said)]
    return int(bare[-1] in bare[:-1])


def test_answers_are_scored_by_cmrcs_definition():
    draw = random.Random(9)
    for _ in range(MANY):
        texts = ["".join(draw.choices("我你好 ，。A b1.2%", k=draw.randint(0, 7))) for _ in range(4)]
        answers, said = texts[:3], texts[3]
        assert overlap_f1(answers, said) == pytest.approx(plain_f1(answers, said)), texts
        assert exact_match(answers, said) == plain_em(answers, said), texts


def test_answers_by_hand():
    assert (overlap_f1(["北京大学"], "北京"), exact_match(["北京大学"], "北京")) == (pytest.approx(2 / 3), 0.0)
    assert (overlap_f1(["《红楼梦》"], "红楼梦"), exact_match(["《红楼梦》", "石头记"], "红楼梦")) == (1.0, 1.0)
    assert overlap_f1(["1998年5月"], "1998年6月") == pytest.approx(2 / 4)
    assert overlap_f1([""], "") == 0.0
