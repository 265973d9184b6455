"""Comparisons: what is one variant, what may be compared, what may be said, what is written."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import os
import shutil
import statistics

import pytest
from command_line import made_by
from hypothesis import given
from hypothesis import strategies as st

from zhprep.compare.comparison import COLUMNS, compare
from zhprep.compare.fairness import check_fair, same_held_out, unequal
from zhprep.compare.judging import Score, Spread, warnings
from zhprep.compare.masks import SENTENCE, masked_by
from zhprep.compare.probes import probes
from zhprep.compare.runs import Entrant, read_runs
from zhprep.compare.scores import HELD_OUT, LIKELIHOOD, SENTENCES, scores_of
from zhprep.compare.variants import variants_of
from zhprep.compare.write import comparison_page, write_comparison
from zhprep.core.errors import DataError, UsageError
from zhprep.core.shards import add_files, read_manifest

RUNS = ("wwm-s0", "wwm-s1", "char")


@pytest.fixture
def paths(compared):
    return [compared / name for name in RUNS]


@pytest.fixture
def runs(paths):
    return read_runs([Entrant(path) for path in paths])


def changed(run, **values):
    """The run with other values in its plan's config, its report, its scores or its masks."""
    plan, report = run.plan, {**run.report, **values.get("report", {})}
    masks = {**run.masks, **values.get("masks", {})}
    plan = {**plan, "config": {**plan["config"], **values.get("config", {})}, "masks": masks}
    held_out = {**run.intrinsic["held_out"], **values.get("held_out", {})}
    return dataclasses.replace(run, plan=plan, report=report, intrinsic={**run.intrinsic, "held_out": held_out})


def test_runs_that_differ_in_the_seed_alone_are_one_variant(runs):
    variants = variants_of(runs)
    assert [(variant.name, [run.seed for run in variant.runs]) for variant in variants] == [
        ("wwm", [0, 1]),
        ("char", [0]),
    ]
    other = changed(runs[1], config={"learning_rate": 0.5})
    assert [variant.name for variant in variants_of([runs[0], other])] == ["wwm-s0", "wwm-s1"]
    moved = changed(runs[1], masks={"similar_words": "/elsewhere/words.tsv"})
    here = changed(runs[0], masks={"similar_words": "/here/words.tsv"})
    assert len(variants_of([here, moved])) == 1


def test_a_caller_says_which_variant_a_run_is_of(paths):
    found = compare([Entrant(paths[0], "one"), Entrant(paths[1], "two"), Entrant(paths[2], "one")])
    assert {variant.name: [run.name for run in variant.runs] for variant in found.variants} == {
        "one": ["wwm-s0", "char"], "two": ["wwm-s1"],
    }  # fmt: skip


def test_settings_that_differ_are_shown_side_by_side(paths):
    found = compare(paths)
    assert found.settings == {"instances.mask": ["wwm", "char"]}
    assert found.results["settings"] == {"instances.mask": {"wwm": "wwm", "char": "char"}}


def test_other_held_out_text_is_refused_and_said_run_by_run(runs):
    assert check_fair(runs) == {}
    others = [*runs[:2], changed(runs[2], held_out={"text_sha256": "0123456789abcdef"})]
    with pytest.raises(UsageError, match=r"held-out data: wwm-s0, wwm-s1: .*; char: .*text 0123456789ab$") as error:
        check_fair(others)
    assert "--allow-different held-out" in error.value.hint
    assert list(check_fair(others, ["held-out"])) == ["held-out"]


def test_the_same_documents_are_the_same_held_out_text():
    one = {"corpus": "a", "apart": 0.1, "text_sha256": "x"}
    assert same_held_out(one, {**one, "text_sha256": "y"})  # cut into other instances
    assert not same_held_out(one, {**one, "corpus": "b", "text_sha256": "y"})
    assert not same_held_out(one, {**one, "apart": 0.2, "text_sha256": "y"})
    assert not same_held_out({**one, "apart": 0.0}, {**one, "apart": 0.0, "text_sha256": "y"})
    words = {**one, "origin": "o"}  # found by another segmenter, the words are another corpus of the same origin
    assert same_held_out(words, {**words, "corpus": "b", "text_sha256": "y"})
    assert not same_held_out(words, {**words, "origin": "p", "text_sha256": "y"})
    assert same_held_out(words, {**one, "text_sha256": "y"})  # whose origin an older zhprep did not say
    assert same_held_out({**one, "apart": 0.0}, {**one, "corpus": "b", "apart": 0.0})


def test_text_has_one_origin_whatever_found_its_words(sample_data, vocab, tmp_path):
    raw, text = sample_data / "corpus" / "news.txt", tmp_path / "text"
    made_by("normalize", raw, "--block-size", "8KiB", output=text)
    sources = {"raw": raw, "text": text}
    for name in ("jieba", "characters"):
        sources[name] = made_by("segment", text, "--cws", name, output=tmp_path / name)
    sources["uncleaned"] = made_by("segment", raw, output=tmp_path / "uncleaned")
    sources["other"] = sample_data / "corpus" / "essays.txt"
    made = {
        name: read_manifest(made_by("make-instances", one, "--vocab", vocab, output=tmp_path / f"{name}-data"))
        for name, one in sources.items()
    }
    same = ("raw", "text", "jieba", "characters")
    assert len({made[name]["origin"] for name in same}) == 1
    assert len({made[name]["input_sha256"] for name in same}) == 4
    assert len({manifest["origin"] for manifest in made.values()}) == 3
    part = made_by("make-instances", *sorted(text.glob("*.arrow"))[:1], "--vocab", vocab, output=tmp_path / "part")
    assert read_manifest(part)["origin"] not in {manifest["origin"] for manifest in made.values()}


def test_another_budget_is_refused(runs):
    many = changed(runs[2], report={"instances": 32, "tokens": 2 * runs[2].report["tokens"]}, config={"steps": 8})
    with pytest.raises(
        UsageError, match=r"budgets: wwm-s0: 4 steps, 16 instances of up to 64, .* tokens; .*char: 8 steps"
    ):
        check_fair([*runs[:2], many])
    assert len(check_fair([*runs[:2], many], ["budget"])["budget"]) >= 2
    tokens = runs[2].report["tokens"]
    as_many = changed(runs[2], report={"instances": 32, "tokens": round(1.04 * tokens)})
    assert check_fair([runs[2], as_many]) == {}
    more = changed(runs[2], report={"instances": 32, "tokens": round(1.2 * tokens)})
    assert "budget" in check_fair([runs[2], more], ["budget"])
    begun = changed(runs[2], config={"initial": "/some/model"})
    with pytest.raises(UsageError, match="on from /some/model"):
        check_fair([runs[0], begun])


def test_a_budget_may_be_one_of_text(runs):
    """Half as many tokens that stand for twice as much text each, as words do, of the same corpus."""
    run = runs[2]
    counts = run.data["account"]["counts"]
    fewer = {**counts, "encoded_tokens": counts["encoded_tokens"] // 2}
    for known in (fewer, {name: n for name, n in fewer.items() if not name.startswith("characters")}):
        words = changed(run, report={"tokens": run.report["tokens"] // 2, "instances": 8}, config={"steps": 2})
        words = dataclasses.replace(words, name="words", data={**run.data, "account": {"counts": known}})
        assert check_fair([run, words]) == {}
        elsewhere = dataclasses.replace(words, data={**words.data, "input_sha256": "0" * 64, "origin": "0" * 64})
        assert bool(check_fair([run, elsewhere], ["budget"])) == ("characters" not in known)


def test_fine_tuning_in_another_way_is_refused(runs):
    task = runs[2].tasks["meals"]
    other = dataclasses.replace(runs[2], tasks={"meals": {**task, "config": {**task["config"], "learning_rate": 0.25}}})
    with pytest.raises(
        UsageError, match=r"meals: wwm-s0, wwm-s1: learning_rate 5e-05; meals: char: learning_rate 0.25"
    ):
        check_fair([*runs[:2], other])
    longer = {**task, "config": {**task["config"], "seeds": [0, 1, 2], "threads": 7}}
    assert check_fair([*runs[:2], dataclasses.replace(runs[2], tasks={"meals": longer})]) == {}


def test_runs_of_one_budget_that_saw_more_text_are_told(runs):
    assert unequal([runs[0], runs[0]]) == []
    tokens = runs[2].report["tokens"]
    more = changed(runs[2], report={"tokens": 2 * tokens})  # as many instances, which hold twice as much
    assert check_fair([runs[2], more]) == {}
    (first, _) = unequal([runs[2], dataclasses.replace(more, name="words")])
    assert first == f"words saw 100% more tokens than char: {2 * tokens:,} against {tokens:,}"


def test_what_is_allowed_stands_at_the_top(paths, tmp_path):
    other = shutil.copytree(paths[2], tmp_path / "other")
    scores = json.loads((other / "scores.json").read_bytes())
    scores["intrinsic"]["held_out"]["text_sha256"] = "0" * 64
    (other / "scores.json").write_text(json.dumps(scores), "utf-8")
    add_files(other, ["scores.json"])
    found = compare([paths[0], other], allow=["held-out"])
    assert "Not a fair comparison" in comparison_page(found)
    assert found.results["differences"]["held-out"] == found.differences["held-out"]


values = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@given(st.dictionaries(st.text(min_size=1, max_size=3), values, min_size=2, max_size=4), st.booleans())
def test_nothing_within_a_deviation_is_called_a_difference(found, more):
    spreads = {name: Spread(tuple(some), 1, 0.5) for name, some in found.items()}
    score = Score("s", "accuracy", "k", spreads, more)
    best = score.best
    for name, some in found.items():
        spread = spreads[name]
        assert spread.mean == pytest.approx(statistics.fmean(some))
        assert spread.std == pytest.approx(statistics.pstdev(some), abs=1e-9)
        assert (spread.mean <= spreads[best].mean) if more else (spread.mean >= spreads[best].mean)
        if name != best and name not in score.near_best():
            assert min(len(some), len(found[best])) > 1
            assert abs(spread.mean - spreads[best].mean) > math.sqrt(spread.std**2 + spreads[best].std ** 2)
    if "is better than" in score.verdict():
        assert len(score.near_best()) < len(found) - 1


def spreads(**means):
    return {name: Spread((mean - 0.01, mean + 0.01), 1, 0.5) for name, mean in means.items()}


def test_verdicts_in_words():
    apart = Score("topic", "accuracy", "k", spreads(a=0.7, b=0.8, c=0.79))
    assert apart.verdict() == "topic accuracy: b (80.0% ± 1.0%) is better than a; not told apart from it: c."
    assert Score("topic", "accuracy", "k", spreads(a=0.7, b=0.71)).verdict() == "topic accuracy: not told apart: a, b."
    single = {"a": Spread((0.1,), 1, 0.5), "b": Spread((0.9,), 1, 0.5)}
    said = Score("topic", "accuracy", "k", single).verdict()
    assert said == "topic accuracy: not told apart: a, b (of a single value there is no deviation)."
    less = Score("held-out", "loss", "k", spreads(a=3.0, b=2.0), more_is_better=False, is_share=False)
    assert less.verdict() == "held-out loss: b (2.000 ± 0.010) is better than a."
    assert Score("topic", "accuracy", "k", spreads(a=0.7)).verdict() == ""


def test_what_is_worse_than_its_baseline_says_so():
    found = Score("topic", "accuracy", "k", spreads(a=0.49, b=0.505, c=0.6))
    assert [found.against_baseline(name) for name in "abc"] == ["worse", "not told apart", "better"]
    loss = Score("held-out", "loss", "k", spreads(a=0.51, c=0.4), more_is_better=False, is_share=False)
    assert list(warnings([found, loss])) == [
        "a is worse than its baseline in topic accuracy, held-out loss.",
        "b is not told apart from its baseline in topic accuracy.",
    ]


def test_held_out_figures_of_other_masks_or_tokens_are_not_compared(runs):
    def verdicts(runs):
        return {score.metric: score.verdict() for score in scores_of(variants_of(runs)) if score.kind == "held-out"}

    assert all("not compared, each is scored on its own masks" in said for said in verdicts(runs).values())
    other = dataclasses.replace(runs[1], plan={**runs[1].plan, "vocabulary": "f" * 64})
    said = verdicts([runs[0], other])
    assert "their tokens are others" in said["loss"]
    assert "their tokens are others" in said["accuracy"]
    assert said["bits_per_character"].startswith("held-out bits per character: not told apart")
    guessed = dataclasses.replace(
        other, intrinsic={**other.intrinsic, "unknown_tokens": other.intrinsic["masked_tokens"] // 5}
    )
    assert "20% of what wwm-s1 predicts are unknown tokens" in verdicts([runs[0], guessed])["bits_per_character"]


def test_figures_under_shared_masks_are_compared_whatever_runs_were_trained_to_predict(runs, paths, tmp_path):
    def scores(runs):
        return {(one.name, one.metric): one for one in scores_of(variants_of(runs)) if one.kind in SENTENCES}

    found = scores(runs)
    metrics = [(name, metric) for name in ("hidden characters", "hidden words") for metric in HELD_OUT]
    assert list(found) == [*metrics, *(("pseudo-likelihood", metric) for metric in LIKELIHOOD)]
    assert all("not told apart" in one.verdict() for one in found.values())  # of one value there is no deviation
    for name, metric in metrics:
        spread = found[name, metric].spreads["wwm"]
        written = [run.shared_masks[name.removeprefix("hidden ")] for run in runs[:2]]
        assert spread.values == tuple(one[metric] for one in written)
        assert spread.baseline == pytest.approx(written[0][f"unigram_{metric}"])
    words = dataclasses.replace(runs[2], plan={**runs[2].plan, "vocabulary": "f" * 64})
    said = {key: one.verdict() for key, one in scores([*runs[:2], words]).items()}
    assert "their tokens are others" in said["hidden words", "loss"]
    assert "their tokens are others" in said["pseudo-likelihood", "pseudo_perplexity"]
    assert said["hidden words", "bits_per_character"].startswith("hidden words bits per character: not told apart")
    guessed = {**words.shared_masks["words"], "unknown_tokens": words.shared_masks["words"]["masked_tokens"]}
    unknown = dataclasses.replace(words, shared_masks={**words.shared_masks, "words": guessed})
    verdict = scores([*runs[:2], unknown])["hidden words", "bits_per_character"].verdict()
    assert "100% of what char predicts are unknown tokens" in verdict
    elsewhere = dataclasses.replace(
        runs[2], shared_masks={**runs[2].shared_masks, "text": {"sha256": "0", "sentences": 1}}
    )
    assert "other sentences" in scores([*runs[:2], elsewhere])["hidden words", "accuracy"].verdict()


def test_a_run_without_figures_under_shared_masks_is_told(paths, tmp_path):
    other = shutil.copytree(paths[2], tmp_path / "char")
    scores = json.loads((other / "scores.json").read_bytes())
    (other / "scores.json").write_text(json.dumps({"intrinsic": scores["intrinsic"]}), "utf-8")
    add_files(other, ["scores.json"])
    assert any(
        note.startswith("char has no scores under the shared masks") for note in compare([paths[0], other]).notes
    )
    assert not any("shared masks" in note for note in compare(paths).notes)


def test_a_copy_of_a_run_is_no_run_more(paths, tmp_path):
    other = shutil.copytree(paths[2], tmp_path / "other")
    (told,) = (note for note in compare([*paths, other]).notes if "same weights" in note)
    assert "other have the same weights" in told
    assert not any("same weights" in note for note in compare(paths).notes)


def test_the_table_has_a_row_for_each_figure_on_sentences(paths):
    rows = [row for row in csv.DictReader(io.StringIO(compare(paths).csv())) if row["kind"] in SENTENCES]
    assert len(rows) == len(paths) * 8
    written = json.loads((paths[2] / "scores.json").read_bytes())
    row = next(row for row in rows if (row["run"], row["task"], row["metric"]) == ("char", "hidden words", "accuracy"))
    words = written["shared_masks"]["words"]
    assert (float(row["score"]), float(row["baseline"])) == (words["accuracy"], words["unigram_accuracy"])
    assert int(row["dev_rows"]) == written["shared_masks"]["text"]["sentences"]
    assert next(row for row in rows if row["metric"] == "pseudo_perplexity")["baseline"] == ""


def test_a_model_that_diverged_is_said_to(paths, tmp_path):
    other = shutil.copytree(paths[0], tmp_path / "other")
    scores = json.loads((other / "scores.json").read_bytes())
    scores["intrinsic"]["loss"] = math.nan
    (other / "scores.json").write_text(json.dumps(scores), "utf-8")
    log = (other / "log.jsonl").read_text("utf-8").replace('"mlm": 8', '"mlm": NaN, "x": 8')
    (other / "log.jsonl").write_text(log, "utf-8")
    add_files(other, ["scores.json", "log.jsonl"])
    found = compare([Entrant(other, "nan"), Entrant(paths[1], "whole")])
    assert "other: its held-out loss is not a finite number: the model diverged" in found.notes
    json.loads(json.dumps(found.results, allow_nan=False))
    assert comparison_page(found)


def test_the_results_are_what_the_runs_say(paths, compared):
    results = compare(paths).results
    scores = {score["metric"]: score for score in results["scores"] if score["score"] == "meals"}
    wwm = [json.loads((compared / name / "scores.json").read_bytes())["tasks"]["meals"] for name in RUNS[:2]]
    expected = [value for task in wwm for value in task["accuracy"]["values"]]
    found = scores["accuracy"]["variants"]["wwm"]
    assert (found["values"], found["n"], found["runs"]) == (expected, 4, 2)
    assert found["baseline"] == wwm[0]["baseline"]["accuracy"]
    reports = [json.loads((compared / name / "report.json").read_bytes()) for name in RUNS]
    for run, report in zip(results["runs"], reports, strict=True):
        assert run["cost"]["tokens"] == report["tokens"]
        assert run["cost"]["flops"] == report["flops"] > 0
        assert run["cost"]["seconds"] == report["training_seconds"]
        assert run["data"]["masked_share"] == report["masked_tokens"] / report["tokens"]
        assert run["data"]["counts"]["documents_in"] == 336
    assert results["variants"][0]["cost"]["tokens"] == (reports[0]["tokens"] + reports[1]["tokens"]) / 2


def test_the_table_has_a_row_for_each_run_task_and_seed(paths):
    rows = list(csv.DictReader(io.StringIO(compare(paths).csv())))
    assert tuple(rows[0]) == COLUMNS
    tasks = [row for row in rows if row["task"] == "meals"]
    assert [(row["variant"], row["run"], row["pretraining_seed"], row["seed"]) for row in tasks] == [
        (variant, run, seed, tuned)
        for variant, run, seed in (("wwm", "wwm-s0", "0"), ("wwm", "wwm-s1", "1"), ("char", "char", "0"))
        for tuned in "01"
    ]


def test_the_same_runs_give_the_same_bytes(paths, tmp_path):
    made = [
        [file.read_bytes() for file in write_comparison(compare(paths), tmp_path / n / "report.html")] for n in "ab"
    ]
    assert made[0] == made[1]


def test_the_order_of_the_runs_changes_no_figure(paths):
    def figures(results):
        scores = sorted(results["scores"], key=lambda score: (score["score"], score["metric"]))
        return [{name: value["mean"] for name, value in score["variants"].items()} for score in scores]

    assert figures(compare(paths).results) == figures(compare(paths[::-1]).results)


def test_each_masks_the_sentence_in_its_own_way(runs):
    shown = {run.name: masked_by(run, SENTENCE) for run in runs}
    for one in shown.values():
        assert "".join(cell.label or cell.shown for cell in one.cells) == SENTENCE
    masked = {name: {cell.word for cell in one.cells if cell.kind} for name, one in shown.items()}
    whole = {name: {cell.word for cell in one.cells if not cell.kind} for name, one in shown.items()}
    assert not masked["wwm-s0"] & whole["wwm-s0"]
    assert masked["char"] & whole["char"] or masked["char"] != masked["wwm-s0"]


def test_names_are_escaped(paths, tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    for number, path in enumerate(paths[:2]):
        shutil.copytree(path, tmp_path / f"{evil}{number}")
    found = compare([Entrant(tmp_path / f"{evil}{number}", f"{evil}{number}") for number in range(2)])
    assert evil not in comparison_page(found)


def test_runs_whose_data_are_gone_are_compared_without_their_figures(paths, tmp_path):
    other = shutil.copytree(paths[2], tmp_path / "other")
    report = json.loads((other / "report.json").read_bytes())
    (other / "report.json").write_text(json.dumps({**report, "data": str(tmp_path / "gone")}), "utf-8")
    add_files(other, ["report.json"])
    found = compare([paths[0], other])
    assert any("no longer at" in note for note in found.notes)
    assert found.results["runs"][1]["cost"]["characters"] is None
    assert "Learning curves" in comparison_page(found)


def test_a_line_of_the_log_that_is_none(paths, tmp_path):
    other = shutil.copytree(paths[2], tmp_path / "other")
    with open(other / "log.jsonl", "a", encoding="utf-8") as file:
        file.write('{"step": 5, "lo')
    add_files(other, ["log.jsonl"])
    with pytest.raises(DataError, match=r"log.jsonl, line 6: is damaged"):
        compare([paths[0], other])


def test_ways_of_fine_tuning_one_run_are_variants_too(paths, tmp_path):
    """As an experiment with layers and tuning has them: their names end with the setting."""
    run = shutil.copytree(paths[0], tmp_path / "run")
    scores = json.loads((run / "scores.json").read_bytes())
    task = scores["tasks"]["meals"]
    scores["tasks"]["meals (tune=lora)"] = {**task, "config": {**task["config"], "tune": "lora"}}
    (run / "scores.json").write_text(json.dumps(scores), "utf-8")
    add_files(run, ["scores.json"])
    found = compare([Entrant(run, "full", ""), Entrant(run, "lora", " (tune=lora)")])
    assert found.settings == {"evaluate.tune": ["full", "lora"]}
    assert [(score.name, list(score.spreads)) for score in found.scores if score.name == "meals"] == [
        ("meals", ["full", "lora"])
    ]
    with pytest.raises(UsageError, match="is named twice"):
        compare([Entrant(run, "full", ""), Entrant(run, "lora", "")])
    assert [score.name for score in compare([run]).scores][-2:] == ["meals", "meals (tune=lora)"]


def test_what_layers_know_is_drawn_and_damage_is_told(paths, tmp_path):
    run = shutil.copytree(paths[0], tmp_path / "run")
    scores = json.loads((run / "scores.json").read_bytes())
    task, means = scores["tasks"]["meals"], (0.25, 0.75, 0.5)
    layers = {f"layer_{depth}": {task["metric"]: {**task[task["metric"]], "mean": m}} for depth, m in enumerate(means)}
    scores["tasks"]["meals (probe=True)"] = {**task, "probe": layers}
    (run / "scores.json").write_text(json.dumps(scores), "utf-8")
    add_files(run, ["scores.json"])
    found = compare([run, paths[2]], allow=["tasks"])
    metric, _, points = probes(found.runs[0])["meals"]
    assert (metric, points) == (task["metric"], [(0.0, 0.25), (1.0, 0.75), (2.0, 0.5)])
    assert probes(found.runs[1]) == {}
    page = comparison_page(found)
    section = page.partition("What is learnt where")[2].partition("<h2>")[0]
    assert section.count("<polyline") == 1
    assert "meals, accuracy by layer" in section
    assert "baseline" in section
    assert "What is learnt where" not in comparison_page(compare(paths))
    del layers["layer_1"]
    (run / "scores.json").write_text(json.dumps(scores), "utf-8")
    add_files(run, ["scores.json"])
    with pytest.raises(DataError, match=r"the layers of meals .* are damaged: layer_1 is missing"):
        comparison_page(compare([run, paths[2]], allow=["tasks"]))


def test_other_objectives_have_an_accuracy_and_a_baseline(paths, compared):
    scores = {score.metric: score for score in compare(paths).scores if score.kind == "held-out"}
    assert list(scores) == ["loss", "accuracy", "bits_per_character", "next_sentence accuracy"]
    found = scores["next_sentence accuracy"].spreads["char"]
    said = json.loads((compared / "char" / "scores.json").read_bytes())["intrinsic"]["objectives"]["next_sentence"]
    assert (found.values, found.baseline) == ((said["accuracy"],), said["baseline_accuracy"])
    assert found.baseline >= 0.5


def test_a_folder_whose_name_is_no_text(paths, tmp_path):
    other = shutil.copytree(paths[2], tmp_path / os.fsdecode(b"run-\xff"))
    (files, *_) = write_comparison(compare([paths[0], other]), tmp_path / "report.html")
    assert "run-\ufffd" in files.read_text("utf-8")
