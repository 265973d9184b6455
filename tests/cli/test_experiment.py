"""``zhprep experiment``: a small grid on the sample data, whole, in parts, stopped, and with a run that fails."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import COUNTS, process, refused, zhprep
from made_experiment import SMALL
from patience import patience

from zhprep.core.shards import add_files, open_table, read_manifest, temporary_name
from zhprep.instances import instances_config

PLAN = f"""
title = "A trial"
[grid]
sizes = ["tiny"]
seeds = [0, 1]
[budget]
steps = 2
{SMALL}[common.evaluate]
seeds = [0]
epochs = 1
[variants.char]
base = "bert"
[variants.wwm]
base = "bert-wwm"
"""
NAMES = ["char-tiny-seed0", "wwm-tiny-seed0", "char-tiny-seed1", "wwm-tiny-seed1"]


@pytest.fixture(scope="module")
def run_plan(sample_data, tmp_path_factory):
    """Runs a plan on the sample data; returns the folder and the result."""
    here = tmp_path_factory.mktemp("experiment")
    for part, rows in (("train", 12), ("dev", 6)):
        lines = (sample_data / "tasks" / "topic" / f"{part}.jsonl").read_text("utf-8").splitlines(keepends=True)
        (here / "topic").mkdir(exist_ok=True)
        (here / "topic" / f"{part}.jsonl").write_text("".join(lines[:rows]), encoding="utf-8")

    def run(*flags, text=PLAN, name="made"):
        (here / "plan.toml").write_text(text, encoding="utf-8")
        inputs = ("experiment", here / "plan.toml", sample_data / "corpus" / "news.txt", "-o", here / name)
        return here / name, zhprep(*inputs, "--task", here / "topic", *flags)

    return run


@pytest.fixture(scope="module")
def made(run_plan):
    folder, result = run_plan("--json")
    assert result.code == 0, result.err
    return folder, result


def hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def contents(folder: Path) -> dict[str, str]:
    """The hash of everything that has one."""
    return {str(path.parent): json.loads(path.read_bytes())["content_sha256"] for path in folder.rglob("manifest.json")}


def relative(folder: Path) -> dict[str, str]:
    return {str(Path(name).relative_to(folder)): sha256 for name, sha256 in contents(folder).items()}


def test_the_report_has_mean_and_deviation_of_each_variant(made):
    folder, result = made
    report = result.report
    assert set(COUNTS) <= set(report)
    assert (report["output"], report["runs"], report["runs_done"]) == (str(folder), 4, 4)
    assert list(report["results"]) == ["char tiny", "wwm tiny"]
    assert report["report"] == str(folder / "report.html")
    assert all(name in (folder / "report.html").read_text("utf-8") for name in report["results"])
    assert {"results.json", "results.csv"} <= {path.name for path in folder.iterdir()}
    for scores in report["results"].values():
        assert set(scores) >= {"loss", "accuracy", "bits_per_character", "topic"}
        for metric, found in scores.items():
            assert len(found["values"]) == 2, metric
            assert found["mean"] == pytest.approx(sum(found["values"]) / 2)
    told = [line for line in result.err.splitlines() if line.startswith("experiment ")]
    assert [line.split()[1].rstrip(",") for line in told if " of 4" in line] == NAMES


def test_what_runs_share_is_made_once_and_is_that_of_each(made):
    folder, _ = made
    assert sorted(path.name for path in (folder / "runs").iterdir()) == sorted(NAMES)
    assert {kind: len(list((folder / kind).iterdir())) for kind in ("words", "vocab", "data")} == {
        "words": 1, "vocab": 1, "data": 2,
    }  # fmt: skip
    data = [path / "data" for path in (folder / "data").iterdir()]
    manifests = [read_manifest(path) for path in data]
    assert {instances_config(*pair).mask for pair in zip(data, manifests, strict=True)} == {"char", "wwm"}
    assert {manifest["segment"]["cws"] for manifest in manifests} == {"jieba"}  # what evaluate finds words with
    words = read_manifest(next((folder / "words").iterdir()))
    assert {manifest["segmenter"] for manifest in manifests} == {words["segmenter"]}
    plans = {name: json.loads((folder / "runs" / name / "plan.json").read_bytes()) for name in NAMES}
    assert [plans[name]["config"]["seed"] for name in NAMES] == [0, 0, 1, 1]
    assert len({plan["vocabulary"] for plan in plans.values()}) == 1


def test_all_are_scored_on_the_same_sentences_of_the_documents_that_are_held_out(made, sample_data, tmp_path):
    """Those whose hash says so, of the cleaned text; each with figures under the masks that all share."""
    folder, result = made
    cleaned = zhprep("normalize", sample_data / "corpus" / "news.txt", "-o", tmp_path / "news.jsonl")
    assert cleaned.code == 0
    documents = [json.loads(line)["sentences"] for line in (tmp_path / "news.jsonl").read_text("utf-8").splitlines()]
    held = [one for one in documents if hashed("".join(one)) < int(0.2 * 2**64)]
    assert 0 < len(held) < len(documents)
    kept = open_table(folder / "held-out", "text")["sentences"].to_pylist()
    assert kept == held
    counts = read_manifest(folder / "held-out")["account"]["counts"]
    assert (counts["documents_in"], counts["documents_out"]) == (len(documents), len(held))
    assert zhprep("verify", folder / "held-out").code == 0
    scores = [json.loads((folder / "runs" / name / "scores.json").read_bytes())["shared_masks"] for name in NAMES]
    sentences = {sentence.strip() for one in held for sentence in one}
    assert [one["text"]["sentences"] for one in scores] == [len(sentences)] * len(NAMES)
    assert len({one["text"]["sha256"] for one in scores}) == 1
    assert len({(one["words"]["masked_tokens"], one["words"]["unigram_loss"]) for one in scores}) == 1
    found = result.report["results"]["wwm tiny"]["hidden_words_accuracy"]["values"]
    assert found == [one["words"]["accuracy"] for one in (scores[1], scores[3])]
    page = (folder / "report.html").read_text("utf-8")
    assert "hidden words" in page
    assert "hidden characters" in page


def test_runs_that_an_older_zhprep_scored_are_scored_on_sentences_too(made, run_plan):
    """Nothing is trained again, and no task is done again."""
    old = shutil.copytree(made[0], made[0].parent / "older")
    shutil.rmtree(old / "held-out")
    for name in NAMES:
        file = old / "runs" / name / "scores.json"
        scores = json.loads(file.read_bytes())
        del scores["shared_masks"]
        file.write_text(json.dumps(scores), "utf-8")
        add_files(file.parent, ["scores.json"])
    stamps = {path: path.stat().st_mtime_ns for path in old.rglob("*.safetensors")}
    _, again = run_plan("--quiet", "--json", name="older")
    assert again.code == 0, again.err
    assert again.report["results"] == made[1].report["results"]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_a_kill_between_scores_and_manifest_is_made_good(made, run_plan):
    """The same command ended in exit 3 for ever: the scores were all there, and not those of the manifest."""
    broken = shutil.copytree(made[0], made[0].parent / "broken")
    file = broken / "runs" / NAMES[1] / "scores.json"
    whole = file.read_bytes()
    file.write_text("{}", "utf-8")
    add_files(file.parent, ["scores.json"])
    file.write_bytes(whole)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = temporary_name(Path("report.html")).name.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    places = [folder / left for folder in (broken, file.parent)]
    for place in places:
        place.touch()
    _, again = run_plan("--quiet", "--json", name="broken")
    assert again.code == 0, again.err
    assert not any(place.exists() for place in places)
    assert again.report["results"] == made[1].report["results"]
    assert zhprep("verify", file.parent).code == 0


def test_what_is_done_is_kept(made, run_plan):
    folder, first = made
    kinds = ("*.arrow", "*.safetensors", "manifest.json", "scores.json")
    stamps = {path: path.stat().st_mtime_ns for kind in kinds for path in folder.rglob(kind)}
    _, again = run_plan("--json", "--quiet")
    assert (again.code, again.err) == (0, "")
    assert again.report["results"] == first.report["results"]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    lines = zhprep("status", folder).out.decode().splitlines()
    assert lines[0] == "4 of 4 runs done"
    assert [line.split()[0] for line in lines[1:]] == NAMES
    assert all(line.endswith("2 of 2 steps done; scored: held out, topic") for line in lines[1:])
    assert zhprep("status", folder, "--json").report["done"] == 4


def test_tasks_of_an_array_and_a_run_that_was_stopped_come_to_the_same(made, run_plan):
    folder, result = run_plan("--num-shards", 4, "--shard-index", 1, "--quiet", name="parts")
    assert result.code == 0, result.err
    assert [path.name for path in (folder / "runs").iterdir()] == ["wwm-tiny-seed0"]
    pending = zhprep("status", folder, "--pending-array")
    assert (pending.code, pending.out) == (3, b"0,2-3\n")
    pending = zhprep("status", folder, "--pending-array", "--num-shards", 2)
    assert (pending.code, pending.out) == (3, b"0-1\n")
    stopping = PLAN.replace("threads = 1", "threads = 1\nstop_after = 1")
    _, stopped = run_plan("--quiet", text=stopping, name="parts")
    refused(stopped, 85, "stopped as told at step 1 of 2", "run the same command again")
    _, late = run_plan("--quiet", "--time-limit", "0s", name="parts")
    refused(late, 85, "the time is over", "run the same command again")
    assert zhprep("status", folder).out.decode().splitlines()[1].split()[1:] == ["1", "of", "2", "steps", "done"]
    flags = ("status", folder, "--watch", "--interval", 0.2)
    watching, as_json = process(*flags), process(*flags, "--json")
    first, first_json = watching.stdout.readline(), as_json.stdout.readline()
    _, done = run_plan("--quiet", name="parts")
    assert done.code == 0, done.err
    (out, err), (out_json, err_json) = (one.communicate(timeout=patience(60)) for one in (watching, as_json))
    assert (watching.returncode, err, as_json.returncode, err_json) == (0, b"", 0, b"")
    assert b"Z 1 of 4 runs done | char-tiny-seed0 " in first
    assert b"Z 4 of 4 runs done | char-tiny-seed0 " in out.splitlines()[-1]
    assert [json.loads(one)["done"] for one in (first_json, out_json.splitlines()[-1])] == [1, 4]
    assert relative(folder) == relative(made[0])


def test_a_run_that_fails_is_told_and_does_not_end_the_others(made, run_plan):
    folder = shutil.copytree(made[0], made[0].parent / "failing", ignore=shutil.ignore_patterns("wwm-tiny-seed1"))
    failing = PLAN + '[variants.few]\nbase = "bert"\n[variants.few.vocab]\nsize = 6\n'
    _, result = run_plan("--quiet", text=failing, name="failing")
    names = ("few-tiny-seed0", "few-tiny-seed1")
    refused(result, 2, f"2 of 6 runs failed: {names[0]}: ", f"(also {names[1]})", "the others are kept")
    assert (folder / "runs" / "wwm-tiny-seed1" / "scores.json").exists()
    status = zhprep("status", folder).out.decode().splitlines()
    assert status[0] == "4 of 6 runs done"
    assert [line.split()[0] for line in status if "not begun; failed: " in line] == list(names)
    mended = failing.replace("size = 6", "size = 1000")
    _, again = run_plan("--quiet", text=mended, name="failing")
    assert again.code == 0, again.err
    assert zhprep("status", folder).out.decode().splitlines()[0] == "6 of 6 runs done"
    assert not list((folder / "failed").iterdir())


def test_another_budget_corpus_or_task_is_another_experiment(made, run_plan, sample_data):
    folder, _ = made
    before = contents(folder)
    refused(run_plan("--steps", 4)[1], 2, "was begun with other budgets", "--overwrite")
    refused(run_plan("--task", sample_data / "tasks" / "paraphrase")[1], 2, "was begun with other tasks")
    plan, essays = folder.parent / "plan.toml", sample_data / "corpus" / "essays.txt"
    task = ("--task", folder.parent / "topic")
    refused(zhprep("experiment", plan, essays, "-o", folder, *task), 2, "was begun with other inputs")
    assert contents(folder) == before
