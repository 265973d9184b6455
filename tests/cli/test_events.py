"""Every event of every command is as its documented shape says, and stderr has nothing else."""

from __future__ import annotations

import json
import time

import pytest
from command_line import zhprep

from zhprep.cli import COMMANDS
from zhprep.core import progress, stalls
from zhprep.core.events import EVENTS, fault_of

NO_EVENTS = ("show-masks", "status", "recipes", "demo")
"""Commands that only print data; `demo` is `run` on the sample."""


LONG = ("render-glyphs", "extract-pinyin")

UNITS = {
    "build-vocab": {"bytes", "shards of counts", "entries"}, "export": {"instances"}, "merge": {"bytes"},
    "render-glyphs": {"images"}, "verify": {"bytes"}, "pretrain": {"steps"},
}  # fmt: skip
"""What the work of commands is counted in."""


def events_of(result, code=0):
    """Return the events of a command, each held to its shape."""
    assert result.code == code, result.err
    events = [json.loads(line) for line in result.err.splitlines()]
    assert [fault_of(event) for event in events] == [""] * len(events)
    return events


def flags_of(command, made, folder):
    """Return what each command is given."""
    news = made["corpus"] / "news.txt"
    training = ("--recipe", "bert-wwm", "--size", "tiny", "--batch-size", 4, "--threads", 1, "--steps", 2)
    examples = {
        "normalize": [news, "-o", folder],
        "segment": [news, "-o", folder.with_suffix(".txt")],
        "extract-pinyin": [news, "-o", folder],
        "build-vocab": [news, "-o", folder, "--size", 1500, "--type", "bbpe"],
        "render-glyphs": ["--vocab", made["vocab"], "-o", folder],
        "make-instances": [news, "--vocab", made["vocab"], "-o", folder],
        "pretrain": [made["data"], "-o", folder, *training],
        "evaluate": [made["run"]],
        "predict": [made["run"], made["task"], "-o", folder.with_suffix(".jsonl"), "--epochs", 1],
        "run": ["bert-wwm", news, "-o", folder, "--size", "tiny", "--steps", 2, "--vocab-size", 1500],
        "plan": [news],
        "upload": [made["data"], "memory://bucket/data"],
        "merge": [made["data"]],
        "verify": [made["data"]],
        "inspect": [made["vocab"]],
        "export": [made["data"], "--to", "jsonl", "-o", folder],
        "similar-words": [made["corpus"], "-o", folder.with_suffix(".tsv"), "--show", "北京"],
        "compare": [made["run"], "-o", folder.with_suffix(".html")],
        "parts": [],
    }
    if command not in examples:
        pytest.skip(f"say here what {command} is given")
    return examples[command]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(name, marks=pytest.mark.nightly if name in LONG else ())
        for name in COMMANDS
        if name not in NO_EVENTS
    ],
)
def test_every_event_is_as_documented(command, sample_data, vocab, data, run, small_task, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    if command == "upload":
        pytest.importorskip("fsspec", reason="the extra s3 is not installed").filesystem("memory").store.clear()
    made = {"corpus": sample_data / "corpus", "vocab": vocab, "data": data, "run": run, "task": small_task}
    result = zhprep(command, *flags_of(command, made, tmp_path / "out"), "--log-json")
    events = events_of(result)
    if command in ("parts", "inspect", "plan"):  # what they print is data
        return
    assert events[-1]["event"] == "report"
    begun = [event["stage"] for event in events if event["event"] == "begin"]
    assert begun == [event["stage"] for event in events if event["event"] == "end"]
    units = {event["unit"] for event in events if event["event"] == "begin"}
    assert units >= UNITS.get(command, set())
    assert {event["unit"] for event in events if event["event"] == "progress"} >= UNITS.get(command, set())
    if command == "run":
        assert {"plan", "vocab", "data", "pretrain"} <= set(begun)


def test_an_error_is_an_event(tmp_path):
    (event,) = events_of(zhprep("normalize", tmp_path / "no.txt", "-o", tmp_path / "out", "--log-json"), 2)
    assert (event["event"], event["exit_code"]) == ("error", 2)
    assert "no such file or folder" in event["message"]
    (event,) = events_of(zhprep("normalize", "--lgo-json", "--log-json"), 2)
    assert "unknown option" in event["message"]


def test_an_event_that_is_not_as_documented_is_found():
    good = {"event": "stage", "time": "2026-11-29T09:57:09Z", "stage": "data", "text": "make"}
    assert fault_of(good) == ""
    assert fault_of({**good, "text": 3}) == "text is 3, not a text"
    assert fault_of({**good, "more": 1}) == "stage has more, which is not stated"
    assert fault_of({**good, "event": "stgae"}) == "event 'stgae' is not known"
    assert "time" in fault_of({**good, "time": "now"})
    assert "stall" in EVENTS


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stall_is_said_with_the_document(workers, tmp_path, monkeypatch):
    """A segmenter that sleeps at one document: said while it sleeps, once more when that has doubled."""
    monkeypatch.setattr(stalls, "TICK", 0.05)
    monkeypatch.setattr("zhprep.core.workers.pool.TICK", 0.05)
    monkeypatch.setattr(stalls, "STALLED", 0.2)
    monkeypatch.setattr("zhprep.core.shards.making.watch._EACH", 0.0)
    monkeypatch.setattr("zhprep.core.shards.making.job.WORTH_A_WORKER", 1)
    (tmp_path / "x.txt").write_text("一二。\n\n三四。\n\n睡睡睡了。\n\n醒了。\n", encoding="utf-8")
    flags = ("--cws", "slow_segmenter:Sleepy", "--block-size", 1, "--workers", workers, "--log-json")
    began = time.time()
    result = zhprep("segment", tmp_path / "x.txt", "-o", tmp_path / "out", *flags)
    stalled = [event for event in events_of(result) if event["event"] == "stall"]
    said = [(at, event["text"]) for event in stalled for at in event["under_way"] if at["block"] == 2]
    assert said, stalled  # before that others may be late, on a machine that has much to do
    at, text = said[0]
    assert (at["first"], at["last"]) == ("x.txt:3", "x.txt:3")
    assert "documents x.txt:3 to x.txt:3 (block 2, process " in text
    assert time.time() - began > 1.5


def test_learning_a_unigram_vocabulary_is_not_silent(sample_data, tmp_path, monkeypatch):
    """sentencepiece does not say how far it is; that time goes by is said while it learns."""
    pytest.importorskip("sentencepiece")
    monkeypatch.setattr(stalls, "TICK", 0.01)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    flags = ("--type", "unigram", "--size", 4000, "--workers", 1)
    result = zhprep("build-vocab", sample_data / "corpus", *flags, "-o", tmp_path / "out", "--log-json")
    events = [event for event in events_of(result) if event.get("unit") == "entries"]
    assert [event["event"] for event in events][:2] == ["begin", "progress"]
    said = [event["done"] for event in events if event["event"] == "progress"]
    assert said[0] == 0  # while nothing is learnt
    assert said[-1] > 1000
