"""Sentences under masks that all models share, and their pseudo-log-likelihood."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shutil

import numpy as np
import pytest
import torch
from command_line import made_by
from training_data import IDS, SENTENCES, nano, write_vocabulary

from zhprep.core.errors import DataError, UsageError
from zhprep.evaluate import hidden
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.hidden import Copies, HiddenTokens
from zhprep.evaluate.likelihood import MASKS, drawn, shared_masks
from zhprep.evaluate.run import evaluate, is_scored_on
from zhprep.evaluate.sentences import read_sentences
from zhprep.models import ModelConfig
from zhprep.models.checkpoints.files import save_model
from zhprep.models.model import seeded_model
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain
from zhprep.run.folders import verify_folder
from zhprep.vocab import load

CPU = torch.device("cpu")
TEXT = [*SENTENCES, "我在学校吃苹果，他在北京看书！", "桌子上很好吃。", "天气good很好", "看" * 40]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    file = tmp_path_factory.mktemp("text") / "held-out.txt"
    file.write_text("\n".join(TEXT) + "\n\n" + SENTENCES[0] + "\n", "utf-8")
    return file


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def test_the_sample_is_that_of_the_distinct_sentences_in_any_order(text, tmp_path):
    whole = read_sentences(text)
    assert sorted(whole.texts) == sorted(TEXT)
    assert (whole.facts["sentences"], whole.facts["characters"]) == (len(TEXT), sum(map(len, TEXT)))
    turned = tmp_path / "turned.txt"
    turned.write_text("".join(f" {line} \n" for line in TEXT[::-1]), "utf-8")
    assert read_sentences(turned) == whole
    few = read_sentences(text, most=2)
    assert few.texts == whole.texts[:2]
    (tmp_path / "none.txt").write_text("\n \n", "utf-8")
    with pytest.raises(DataError):
        read_sentences(tmp_path / "none.txt")


@pytest.fixture(scope="module")
def of_words(tmp_path_factory, text):
    """A model of words, with the weights it begins with."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("words")
    made_by("build-vocab", text, "--type", "word", "--size", 200, "--min-frequency", 1, output=folder / "vocab")
    size = load(folder / "vocab").size
    torch.manual_seed(0)
    transformers.logging.disable_progress_bar()
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    for file in (folder / "vocab").iterdir():
        if file.is_file() and file.name != "manifest.json":
            shutil.copy(file, folder)
    return folder


def hidden_characters(asked, sentences, mask):
    """By sentence, which of its characters are hidden."""
    rows = asked.read(sentences.texts)
    places = rows.covered(np.flatnonzero(drawn(rows, sentences, mask)))
    owner = np.searchsorted(rows.bases, places, side="right") - 1
    return {text: set((places - rows.bases[n])[owner == n].tolist()) for n, text in enumerate(sentences.texts)}


def begins(asked, sentences):
    """By sentence, the characters that tokens begin with."""
    rows = asked.read(sentences.texts)
    offsets = rows.source.encoded.sentence_offsets
    return {
        text: set(rows.source.encoded.starts[offsets[n] : offsets[n + 1]].tolist())
        for n, text in enumerate(sentences.texts)
    }


def test_models_of_any_tokens_lack_the_same_text(finished, of_words, text):
    """Words hidden are the same characters; of characters hidden, those that tokens of both begin with. That is so of
    each sentence, whichever others are beside it."""
    sentences = read_sentences(text)
    models = [HiddenTokens(folder, CPU) for folder in (finished, of_words)]
    by_word = [hidden_characters(asked, sentences, "words") for asked in models]
    assert by_word[0] == by_word[1]
    share = sum(map(len, by_word[0].values())) / sentences.facts["characters"]
    assert 0.05 < share < 0.3
    by_character = [hidden_characters(asked, sentences, "characters") for asked in models]
    starts = [begins(asked, sentences) for asked in models]
    assert any(by_character[0][one] != by_word[0][one] for one in sentences.texts)
    for one in sentences.texts:
        both = starts[0][one] & starts[1][one]
        assert by_character[0][one] & both == by_character[1][one] & both
    few = dataclasses.replace(sentences, texts=sentences.texts[3:7], hashes=sentences.hashes[3:7])
    for mask, found in (("words", by_word), ("characters", by_character)):
        assert hidden_characters(models[0], few, mask) == {one: found[0][one] for one in few.texts}


def test_figures_do_not_depend_on_what_is_computed_together(finished, text, monkeypatch):
    asked, sentences = HiddenTokens(finished, CPU), read_sentences(text)
    at_once = shared_masks(asked, sentences)
    monkeypatch.setattr(hidden, "TOKENS_AT_ONCE", 1)
    alone = shared_masks(asked, sentences)
    for mask in MASKS:
        assert alone[mask] == pytest.approx(at_once[mask], rel=1e-5)
        assert at_once[mask]["masked_tokens"] > 5
    assert at_once["words"]["masked_tokens"] != at_once["characters"]["masked_tokens"]


def plain(model, ids, hidden):
    """What transformers' model makes of ``ids`` when the tokens at ``hidden`` are masked: their losses and hits."""
    given = torch.tensor([[IDS["[MASK]"] if place in hidden else token for place, token in enumerate(ids)]])
    with torch.inference_mode():
        logits = model(given).logits[0].double().log_softmax(-1)
    return [(-float(logits[place, ids[place]]), int(logits[place].argmax()) == ids[place]) for place in sorted(hidden)]


def windows_of(sentence):
    ids = [IDS.get(one, IDS["[UNK]"]) for one in re.findall("good|.", sentence)]
    return [[IDS["[CLS]"], *ids[begin : begin + 30], IDS["[SEP]"]] for begin in range(0, len(ids), 30)]


def test_pseudo_log_likelihood_is_that_of_transformers_token_by_token(run, text):
    transformers = pytest.importorskip("transformers")
    model = transformers.BertForMaskedLM.from_pretrained(run).eval()
    scores = evaluate(run, EvaluateConfig(), held_out=text, pll=True).scores
    lines = [json.loads(line) for line in (run / "pll.jsonl").read_text("utf-8").splitlines()]
    sentences = read_sentences(text)
    assert [line["text"] for line in lines] == sentences.texts
    total = n_tokens = n_characters = 0
    for line in lines:
        losses = [plain(model, ids, {k})[0][0] for ids in windows_of(line["text"]) for k in range(1, len(ids) - 1)]
        assert line["pll"] == pytest.approx(-sum(losses), rel=1e-4)
        assert line["tokens"] == line["characters"] == len(losses)
        total, n_tokens, n_characters = total + sum(losses), n_tokens + len(losses), n_characters + line["characters"]
    found = scores["pll"]
    assert found["pll"] == pytest.approx(-total / len(lines), rel=1e-4)
    assert found["pseudo_perplexity"] == pytest.approx(math.exp(total / n_tokens), rel=1e-4)
    assert found["bits_per_character"] == pytest.approx(total / math.log(2) / n_characters, rel=1e-4)
    assert (found["tokens"], found["unknown_tokens"]) == (n_tokens, 2)
    verify_folder(run)


def test_figures_of_shared_masks_are_those_of_transformers(run, text):
    transformers = pytest.importorskip("transformers")
    model = transformers.BertForMaskedLM.from_pretrained(run).eval()
    found = evaluate(run, EvaluateConfig(), held_out=text).scores["shared_masks"]
    sentences, asked = read_sentences(text), HiddenTokens(run, CPU)
    for mask in MASKS:
        by_sentence, starts = hidden_characters(asked, sentences, mask), begins(asked, sentences)
        made = []
        for one in sentences.texts:
            numbers = [number for number, start in enumerate(sorted(starts[one])) if start in by_sentence[one]]
            for window, ids in enumerate(windows_of(one)):
                here = {n - 30 * window + 1 for n in numbers if 0 <= n - 30 * window < 30}
                made += plain(model, ids, here) if here else []
        figures = found[mask]
        assert figures["masked_tokens"] == figures["masked_characters"] == len(made)
        assert figures["loss"] == pytest.approx(sum(loss for loss, _ in made) / len(made), rel=1e-4)
        assert figures["accuracy"] == pytest.approx(sum(right for _, right in made) / len(made))
        assert figures["unigram_loss"] > 0
    assert found["text"] == sentences.facts
    assert (found["objective"], found["stream"]) == ("mlm", "main")


SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
SYSTEMS = {
    "sounds": {"inputs": ("token", "pinyin", "position")},
    "both granularities at once": {"body": "two-granularities", "objectives": ("mlm", "mlm:coarse")},
    "a generator": {"body": "generator-discriminator", "objectives": ("mlm", "rtd")},
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_tells_a_hidden_token(system, data, of_words, tmp_path):
    """Another character in its place, with another sound and in another word, makes no difference to the scores."""
    n_coarse = load(of_words / "vocab").size
    parts = {
        "two-granularities": {"encoder": "joint", "coarse_vocab_size": n_coarse},
        "generator-discriminator": {"generator_size": 0.5},
    }
    config = ModelConfig(**{"vocab_size": len(IDS), "objectives": ("mlm",), "parts": parts, **SMALL, **SYSTEMS[system]})
    save_model(seeded_model(config, 0), tmp_path)
    write_vocabulary(tmp_path)
    shutil.copytree(of_words / "vocab", tmp_path / "coarse-vocab")
    asked, logits = HiddenTokens(tmp_path, CPU), []
    asked.model.parts["mlm"].register_forward_hook(lambda _, __, made: logits.append(made.logits))
    rows = asked.read(["我在北京喝茶。", "我在上京喝茶。"])
    one = Copies(np.array([0]), np.array([3]), np.array([0, 1]))
    first, second = asked.ask(rows, one), asked.ask(rows, one._replace(rows=np.array([1])))
    assert torch.equal(logits[0], logits[1])
    assert first.losses != second.losses
    asked.ask(rows, one._replace(places=np.array([4])))
    assert not torch.allclose(logits[0], logits[2])
    assert asked.stream == {"a generator": "generator", "sounds": "main"}.get(system, "fine")


def test_who_tells_no_hidden_tokens_has_no_such_figure(tmp_path, data, text):
    """And is not asked where nobody said so."""
    pretrain(data, tmp_path / "run", nano(objectives=["next_sentence"]), PretrainConfig(size="nano", steps=1))
    for flags in ({"held_out": text}, {"pll": True}):
        with pytest.raises(UsageError, match=r"its objectives \(next_sentence\) tell none") as caught:
            evaluate(tmp_path / "run", EvaluateConfig(), **flags)
        assert "leave out --held-out" in caught.value.hint
    assert "shared_masks" not in evaluate(tmp_path / "run", EvaluateConfig()).scores
    assert is_scored_on(tmp_path / "run", text)


def test_pseudo_log_likelihood_needs_text(run):
    with pytest.raises(UsageError, match="there are no sentences to score"):
        evaluate(run, EvaluateConfig(), pll=True)


def test_a_mask_that_hides_nothing_has_counts_and_no_figure(run, tmp_path):
    """A loss of 0 would be better than that of any model."""
    (tmp_path / "one.txt").write_text("看\n", "utf-8")
    (tmp_path / "no-token.txt").write_text("\u200b\n", "utf-8")
    for name, masks, tokens in (("one.txt", ["words"], 1), ("no-token.txt", [*MASKS], 0)):
        report = evaluate(run, EvaluateConfig(), held_out=tmp_path / name, pll=True)
        scores = json.loads((run / "scores.json").read_text("utf-8"))
        for mask in masks:
            counts = {"masked_tokens": 0, "masked_characters": 0, "unknown_tokens": 0}
            assert scores["shared_masks"][mask] == counts
            assert any(f"no figures of hidden {mask}" in note for note in report.notes)
        assert ("pseudo_perplexity" in scores["pll"], scores["pll"]["tokens"]) == (tokens > 0, tokens)
        page = tmp_path / f"{tokens}" / "page.html"
        page.parent.mkdir()
        made_by("compare", run, output=page)
        assert "hidden words" not in page.read_text("utf-8")


def test_hints_name_nothing_that_evaluate_lacks(run, tmp_path):
    (tmp_path / "text.txt").write_bytes("看书\n".encode("gb18030"))
    for wrong in (tmp_path / "text.txt", run):
        with pytest.raises(DataError, match=r", line 1: ") as caught:
            read_sentences(wrong)
        assert "zhprep normalize" in caught.value.hint
        assert "--encoding" not in caught.value.hint
        assert "--text-key" not in caught.value.hint
