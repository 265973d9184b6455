"""Evaluate a run: intrinsic figures, task scores, and ``scores.json`` beside the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from zhprep.core import config as settings
from zhprep.core.errors import DataError, UsageError
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.report import Report
from zhprep.core.seal import read_object
from zhprep.core.shards import (
    PLAN,
    check_covered,
    check_files,
    committed,
    facts_of_files,
    holds_rows,
    load_manifest,
    remove_leftovers,
    write_json,
)
from zhprep.engine.distribution import World, joined
from zhprep.engine.memory import freed_memory_given_back
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.files import layout_of
from zhprep.evaluate.hidden import HiddenTokens, hides_tokens, why_not
from zhprep.evaluate.intrinsic import intrinsic, unigram_losses
from zhprep.evaluate.likelihood import MASKS, notes_on, pseudo_log_likelihood, shared_masks
from zhprep.evaluate.score import ALONE, Transfer, meter_of, score_task, tuner_for
from zhprep.evaluate.sentences import SampledSentences, read_sentences
from zhprep.evaluate.submission import check_ids
from zhprep.evaluate.task import Task
from zhprep.evaluate.tasks import files_sha256, read_task
from zhprep.instances import HELD_OUT
from zhprep.models.checkpoints.files import read_config
from zhprep.pretrain import folder
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import open_instances
from zhprep.pretrain.split import split

SCORES, PLL = "scores.json", "pll.jsonl"
_SHAPE = {
    "intrinsic?": dict, "shared_masks?": {"text": {"sha256": str}}, "pll?": dict,
    "tasks?": {"*": {"config": dict, "sha256": str}},
}  # fmt: skip


@freed_memory_given_back()
def evaluate(
    run: Path, config: EvaluateConfig, *, data: Path | None = None, tasks: Sequence[Path] = (),
    held_out: Path | None = None, pll: bool = False, intermediate: Path | None = None, beside: Sequence[Path] = (),
    progress: Callable[[str], Progress] = Progress,
) -> Report:  # fmt: skip
    """Return the scores of the model in ``run`` and add them to its ``scores.json``.

    Intrinsic figures are taken on the held-out part of ``data``, by default the instances that the run was trained on;
    a model folder that is not a run of ours has none unless ``data`` is given. Those under masks that all models share
    are taken on the sentences of ``held_out``, by default what ``zhprep run`` keeps beside the data; with ``pll`` their
    pseudo-log-likelihoods too, in ``pll.jsonl``. Each of ``tasks`` is fine-tuned on, after the task ``intermediate``
    and together with those ``beside``, if any. Raises ``UsageError`` or ``DataError`` for what is missing or does not
    fit.
    """
    _ready(run, config)
    known = [read_task(task) for task in tasks]  # what is wrong with a task is told before anything is computed
    transfer = _transfer(intermediate, beside)
    source, notes = (data, []) if data else _trained_on(run, needed=not tasks and held_out is None)
    sentences = _sentences(run, source, held_out, pll=pll)
    if source is None and not tasks and sentences is None:
        hint = "give a --task, instances with --data, or text with --held-out"
        raise UsageError(f"{run}: there is nothing to evaluate it on", hint=hint)
    scores = read_scores(run)
    with joined() as world:
        if source is not None:
            scores["intrinsic"] = intrinsic(run, source, _share(run), world)
            _write(run, scores, world)
        if sentences is not None:
            shown = progress("evaluate sentences") if world.writes else NO_PROGRESS
            found = _on_sentences(run, sentences, source, world, shown, pll=pll)
            scores |= _with_frequencies(found, scores)
            _write(run, scores, world)
        for task in known:
            shown = progress(f"evaluate {task.name}") if world.writes else NO_PROGRESS
            found = score_task(run, task, config, world, shown, transfer)
            facts = {"config": settings.as_dict(config), "sha256": task.sha256}
            scores.setdefault("tasks", {})[task.name + setting_of(config, transfer)] = {**found, **facts}
            _write(run, scores, world)  # after each task: one may take hours
    return Report(output=str(run / SCORES), scores=scores, notes=[*notes, *notes_on(scores), *_overlaps(known)])


def _overlaps(tasks: Sequence[Task]) -> list[str]:
    """Return a note for each part of ``tasks`` with answers that nothing can say."""
    lost = [(task.name, part, n) for task in tasks for part, n in task.unreachable.items()]
    return [
        f"{name}, {part}: {n:,} answers that no prediction can be (entities that overlap)" for name, part, n in lost
    ]


@freed_memory_given_back()
def predict_task(
    run: Path, task: Path, config: EvaluateConfig, *, part: str = "",
    intermediate: Path | None = None, beside: Sequence[Path] = (), progress: Callable[[str], Progress] = Progress,
) -> tuple[Any, Report]:  # fmt: skip
    """Return what the model in ``run`` says for ``part`` of ``task`` (test if it has one, else dev) in the form that is
    handed in, a list of lines or one object, and a report; the model is the one of all seeds that is best on dev.

    Raises ``UsageError`` or ``DataError`` for what is missing or does not fit.
    """
    _ready(run, config)
    known = read_task(task)
    part = part or ("test" if known.test else "dev")
    if not getattr(known, part):
        raise UsageError(f"{task} has no {part}", hint="give --part dev, or a task with that part")
    if known.kind.by_id:
        check_ids(getattr(known, part))
    if config.probe:
        raise UsageError("--probe scores layers and predicts nothing", hint="leave it out")
    with joined() as world:
        shown = progress(f"predict {known.name}") if world.writes else NO_PROGRESS
        tuner = tuner_for(run, known, config, world, _transfer(intermediate, beside), shown)
        meter, metric = meter_of(tuner, shown), known.kind.metric
        scores, said = [], []
        for seed in config.seeds:
            model = tuner.run(seed, meter)
            scores.append(tuner.scores(model, "dev"))
            if scores[-1][metric] >= max(one[metric] for one in scores):
                said = tuner.prepared.said(model, part, world, 2 * config.batch_size)
        meter.end()
    best = max(scores, key=lambda one: one[metric])
    facts = {"kind": known.kind_name, "part": part, "rows": len(said), "seed": config.seeds[scores.index(best)]}
    return known.kind.submission(said, tuner.prepared.examples(part)), Report(scores={**facts, "dev": best})


def setting_of(config: EvaluateConfig, transfer: Transfer = ALONE) -> str:
    """Return what tells scores of other ways of transfer from those of the usual one, nothing for that one."""
    usual = EvaluateConfig()
    names = ("layers", "pooling", "keep", "tune", "ensemble", "distill", "probe")
    said = [f"{name}={getattr(config, name)}" for name in names if getattr(config, name) != getattr(usual, name)]
    said += [f"{name}={'+'.join(tasks)}" for name, tasks in transfer.facts().items()]
    return f" ({', '.join(said)})" if said else ""


def _transfer(intermediate: Path | None, beside: Sequence[Path]) -> Transfer:
    return Transfer(None if intermediate is None else read_task(intermediate), tuple(read_task(one) for one in beside))


def _ready(run: Path, config: EvaluateConfig) -> None:
    """Raise ``DataError`` where ``run`` holds no whole model; set the threads."""
    if config.threads:
        torch.set_num_threads(config.threads)
    if not (run / "config.json").exists():
        what = "is unfinished" if (run / PLAN).exists() else "holds no model (no config.json)"
        raise DataError(f"{run}: {what}", hint="give the folder that zhprep pretrain made")
    check_covered(run, (*folder.MODEL, PLAN))


def drop_unsealed(run: Path) -> None:
    """Remove the scores of a finished ``run`` that are not those of its manifest, and what dead processes left: a kill
    between the two writes leaves such, and nobody can tell them from scores that were edited."""
    remove_leftovers(run)
    if folder.is_finished(run):
        sealed = load_manifest(run)["files"].get(SCORES)
        if facts_of_files(run, [SCORES]).get(SCORES) != sealed:
            (run / SCORES).unlink(missing_ok=True)


def is_scored_on(run: Path, held_out: Path) -> bool:
    """Return whether ``run`` has scores on the sentences of ``held_out``, or can have none."""
    if not hides_tokens(read_config(run)):
        return True
    there = read_scores(run).get("shared_masks")
    return there is not None and there["text"] == read_sentences(held_out).facts


def unscored(run: Path, tasks: Sequence[Path], config: EvaluateConfig) -> list[Path]:
    """Return those of ``tasks`` for which ``run`` has no score under these settings."""
    there = read_scores(run).get("tasks", {})
    wanted = settings.as_dict(config)
    return [
        task
        for task in tasks
        if (found := there.get(layout_of(task).name + setting_of(config))) is None
        or (found["config"], found["sha256"]) != (wanted, files_sha256(task))
    ]


def _sentences(run: Path, source: Path | None, held_out: Path | None, *, pll: bool) -> SampledSentences | None:
    """Return the sentences that the model in ``run`` is scored on; None where there are none, or where it tells no
    hidden tokens and nobody asked for it.

    Raises ``UsageError`` where somebody did.
    """
    asked = pll or held_out is not None
    if not hides_tokens(described := read_config(run)):
        if asked:
            hint = "leave out --held-out and --pll: it is scored on its own held-out instances"
            raise UsageError(f"{run}: {why_not(described)}", hint=hint)
        return None
    kept = None if source is None else source.resolve().parent / HELD_OUT
    text = held_out or (kept if kept is not None and holds_rows(kept) else None)
    if text is None and pll:
        raise UsageError(
            f"{run}: there are no sentences to score", hint="name a text with --held-out; `zhprep run` keeps one"
        )
    return None if text is None else read_sentences(text)


def _on_sentences(
    run: Path, sentences: SampledSentences, source: Path | None, world: World, progress: Progress, *, pll: bool
) -> dict[str, Any]:
    """Return the scores on ``sentences``; write the pseudo-log-likelihood of each, if these are asked for."""
    asked, unigram = HiddenTokens(run, world.device), None
    if source is not None:
        instances, view = open_instances(source, asked.model, asked.vocabulary)
        rows, _ = split(instances, _share(run))
        unigram = unigram_losses(instances, view, rows, asked.vocabulary)
    scores: dict[str, Any] = {"shared_masks": shared_masks(asked, sentences, unigram, progress)}
    if pll:
        scores["pll"], lines = pseudo_log_likelihood(asked, sentences, progress)
        if world.writes:
            with committed(run / PLL, replace=True) as file:
                file.writelines(line.encode() for line in lines)
            folder.seal(run, PLL)
    return scores


def _with_frequencies(found: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return scores on sentences with what token frequencies make of the same ones, where they were known ``before``
    and no longer are since the instances are gone."""
    known, now = before.get("shared_masks", {}), found["shared_masks"]
    if known.get("text") != now["text"]:
        return found
    kept = {
        mask: {name: value for name, value in known.get(mask, {}).items() if name.startswith("unigram_")} | now[mask]
        for mask in MASKS
    }
    return {**found, "shared_masks": {**now, **kept}}


def _trained_on(run: Path, *, needed: bool) -> tuple[Path | None, list[str]]:
    """Return the instances that ``run`` was trained on, and notes; where they are gone nothing and a note, or
    ``UsageError`` if they are ``needed`` since nothing else was asked for."""
    if not (run / PLAN).exists():
        return None, []
    folder.read_plan(run)  # refuses a run that is not finished
    data = Path(folder.read_report(run)["data"])
    if data.exists():
        return data, []
    what = f"{run}: the data it was trained on are no longer at {data}"
    if needed:
        raise UsageError(what, hint="say where with --data, or give a --task or text with --held-out")
    return None, [f"{what}: no figures on held-out instances, and none of token frequencies (say where with --data)"]


def _share(run: Path) -> float:
    if not folder.is_finished(run):
        return PretrainConfig().validation
    return float(folder.read_plan(run)["config"]["validation"])


def read_scores(run: Path) -> dict[str, Any]:
    """Return what ``scores.json`` of ``run`` says, nothing where there is none.

    Raises ``DataError`` where they are not those that were sealed: what is added to them would be sealed with them.
    """
    if not (run / SCORES).exists():
        return {}
    if folder.is_finished(run):
        manifest = load_manifest(run)
        check_files(run, manifest, [SCORES], hint="remove it and score the run again")
        if SCORES not in manifest["files"]:
            raise DataError(f"{run / SCORES}: is not in the manifest of the run", hint="remove it, score the run again")
    return read_object(run / SCORES, _SHAPE)


def _write(run: Path, scores: dict[str, Any], world: World) -> None:
    if world.writes:
        write_json(run / SCORES, scores, replace=True)
        folder.seal(run, SCORES)
