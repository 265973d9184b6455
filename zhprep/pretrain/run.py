"""A run from beginning to end: set up, train, look at the held-out instances, save; or stop early and go on later."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zhprep.collate import DynamicMasks, Masks, StaticMasks
from zhprep.core import config as settings
from zhprep.core.errors import Stopped, UsageError
from zhprep.core.report import Report
from zhprep.models import Model, ModelConfig, load_weights, model_config, save_model
from zhprep.models.model import flops_per_token, n_parameters, seeded_model
from zhprep.pretrain import checkpoint, folder
from zhprep.pretrain.batches import Batches, Feed, Shape
from zhprep.pretrain.config import WHEN, PretrainConfig
from zhprep.pretrain.data import Instances
from zhprep.pretrain.distributed import World, joined
from zhprep.pretrain.flops import utilisation
from zhprep.pretrain.log import Log, Progress
from zhprep.pretrain.loop import Outcome, Trainer
from zhprep.pretrain.split import split
from zhprep.pretrain.stopping import Stopper
from zhprep.pretrain.validation import held_out_batches, predict
from zhprep.pretrain.vocabulary import Vocabulary, load


def pretrain(
    data: Path,
    run: Path,
    model: Mapping[str, Any],
    config: PretrainConfig,
    *,
    vocabulary: Path,
    overwrite: bool = False,
    quiet: bool = False,
) -> Report:
    """Pretrain the model of a recipe's ``[model]`` section on the instances in ``data`` and write the run folder ``run``.

    A run that was stopped goes on from its last checkpoint; a finished one is left as it is. On a CPU the weights are the
    same to the bit as if it had not been stopped. Raises ``Stopped`` when it stops early on purpose, ``UsageError`` when
    ``run`` was begun with other settings or other data.
    """
    with joined() as world:
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.set_float32_matmul_precision("high" if world.device.type == "cuda" else "highest")
        job = _set_up(data, run, model, config, vocabulary, world)
        if world.writes:
            folder.begin(run, job.plan, overwrite=overwrite)
        world.wait()
        if (old := folder.finished(run)) is not None:
            return Report(output=str(run), content_sha256=old.get("content_sha256", ""), scores=old)
        return _train(job, quiet=quiet or not world.writes)


@dataclasses.dataclass(frozen=True)
class _Job:
    run: Path
    config: PretrainConfig
    world: World
    plan: dict[str, Any]
    trainer: Trainer
    feed: Feed
    held_out: np.ndarray
    vocabulary: Path
    pad_id: int
    fresh: list[str]


def _set_up(
    data: Path, run: Path, recipe: Mapping[str, Any], config: PretrainConfig, vocabulary: Path, world: World
) -> _Job:
    words = load(vocabulary)
    described = model_config(recipe, config.size, words.size)
    model, fresh = _fresh_model(described, config)
    instances, masks = _open(data, model, words)
    _check_vocabulary(instances, words, vocabulary)
    rows, held_out = split(instances, config.validation)
    multiple, slots = (64, 256) if config.compile else (1, 1)
    shape = Shape(words.pad, described.n_positions, multiple, slots)
    batches = Batches(instances, masks, (*model.needs, *model.takes), shape)
    share = world.share(config.batch_size)
    feed = Feed(batches, rows, config.batch_size, config.seed, share, config.accumulate)
    plan = {
        "config": {name: value for name, value in settings.as_dict(config).items() if name not in WHEN},
        "model": settings.as_dict(described),
        "data": instances.content_sha256,
        "vocabulary": words.sha256,
    }
    return _Job(run, config, world, plan, Trainer(model, config, world), feed, held_out, vocabulary, words.pad, fresh)


def _fresh_model(described: ModelConfig, config: PretrainConfig) -> tuple[Model, list[str]]:
    model = seeded_model(described, config.seed)
    return model, load_weights(model, Path(config.initial)) if config.initial else []


def _open(data: Path, model: Model, words: Vocabulary) -> tuple[Instances, Masks]:
    masks: Masks = DynamicMasks(0, words.mask, words.normal_ids)
    if "masked_lm_positions" in Instances(data).columns:
        masks = StaticMasks()
    return Instances(data, needs=(*model.needs, *masks.needs, "instance_id"), takes=model.takes), masks


def _check_vocabulary(instances: Instances, words: Vocabulary, vocabulary: Path) -> None:
    made_with = instances.manifest.get("vocabulary", words.sha256)
    if made_with != words.sha256:
        raise UsageError(
            f"{instances.folder} was made with another vocabulary than {vocabulary}",
            hint="give the vocabulary that the instances were made with",
        )


def _train(job: _Job, *, quiet: bool) -> Report:
    trainer, config, run = job.trainer, job.config, job.run
    done = checkpoint.checkpoints(run)
    first = checkpoint.restore(done[-1], trainer.model, trainer.optimiser)["step"] if done else 0
    log = Log(run / folder.LOG, first) if job.world.writes else None
    progress = Progress(first, config.steps, quiet=quiet)
    report = Report(output=str(run))
    try:
        with Stopper(config.stop_after, config.time_limit).listening() as stopper:
            _steps(job, first, stopper, log, progress, report)
        return _finish(job, log, progress, report)
    finally:
        progress.close()
        if log:
            log.close()


def _steps(job: _Job, first: int, stopper: Stopper, log: Log | None, progress: Progress, report: Report) -> None:
    config = job.config
    job.trainer.model.train()
    for number, batches in zip(range(first, config.steps), job.feed.steps(first, config.steps), strict=True):
        outcome = job.trainer.step(number, batches)
        step = number + 1
        tokens = _count(report, batches)
        progress.advance(step, tokens * job.world.size)
        if step % config.log_every == 0 or step == config.steps or number == 0:
            _log_step(job, step, outcome, batches, log, progress)
        if config.eval_every and step % config.eval_every == 0 and step < config.steps:
            _log_held_out(job, step, log)
        reason = job.world.any(bool(stopper.reason(step))) and (stopper.reason(step) or "another process")
        if step < config.steps and (reason or step % config.checkpoint_every == 0):
            _save(job, step)
        if reason and step < config.steps:
            raise Stopped(
                f"stopped by {reason} at step {step} of {config.steps}", hint="run the same command again to go on"
            )


def _count(report: Report, batches: list[dict[str, torch.Tensor]]) -> int:
    tokens = sum(int(batch.get("attention_mask", batch["input_ids"] >= 0).sum()) for batch in batches)
    report.account.count(
        tokens=tokens,
        instances=sum(len(batch["input_ids"]) for batch in batches),
        masked_tokens=sum(int((batch["masked_labels"] >= 0).sum()) for batch in batches),
    )
    return tokens


def _log_step(
    job: _Job, step: int, outcome: Outcome, batches: list[dict[str, torch.Tensor]], log: Log | None, progress: Progress
) -> None:
    losses = {name: float(job.world.sum(loss)) for name, loss in outcome.losses.items()}
    if log is None:
        return
    shape = batches[0]["input_ids"].shape
    per_token = flops_per_token(job.trainer.model, shape[1], len(batches[0]["masked_labels"]) / (shape[0] * shape[1]))
    figures: dict[str, Any] = {"step": step, "loss": losses, "lr": outcome.learning_rate}
    figures |= {"grad_norm": float(outcome.grad_norm), "tokens_per_second": round(progress.tokens_per_second, 1)}
    mfu = utilisation(progress.tokens_per_second * per_token, job.world.device)
    log.write(**figures, **({} if mfu is None else {"mfu": round(mfu, 4)}))
    progress.show(loss=sum(losses.values()))


def _held_out_figures(job: _Job) -> dict[str, float]:
    batches = held_out_batches(job.feed.batches, job.held_out, job.config.batch_size)
    return predict(job.trainer.model, batches, job.world.device).figures


def _log_held_out(job: _Job, step: int, log: Log | None) -> None:
    if log is not None and len(job.held_out):
        log.write(step=step, held_out=_held_out_figures(job))


def _save(job: _Job, step: int) -> None:
    if job.world.writes:
        state = {"seed": job.config.seed, "data": job.plan["data"]}
        checkpoint.save(job.run, step, job.trainer.model, job.trainer.optimiser, state)
        checkpoint.prune(job.run, job.config.keep)
    job.world.wait()


def _finish(job: _Job, log: Log | None, progress: Progress, report: Report) -> Report:
    config, run = job.config, job.run
    _save(job, config.steps)
    if log is None:
        return report
    report.scores = {"steps": config.steps, "parameters": n_parameters(job.trainer.model)}
    report.scores["tokens_per_second"] = round(progress.tokens_per_second, 1)
    if len(job.held_out):
        report.scores["held_out"] = _held_out_figures(job)
        log.write(step=config.steps, held_out=report.scores["held_out"])
    if job.fresh:
        report.scores["fresh_weights"] = job.fresh
    save_model(job.trainer.model, run, pad_id=job.pad_id)
    folder.copy_tokenizer(job.vocabulary, run)
    report.content_sha256 = checkpoint.sha256(run / "model.safetensors")
    folder.finish(run, job.plan, report.as_dict())
    return report
