"""A run from beginning to end: set up, train, look at the held-out instances, save; or stop early and go on later."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import Stopped, UsageError
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.report import Account, Report
from zhprep.core.stopping import Stopping, parse_duration
from zhprep.engine import checkpoint
from zhprep.engine.distribution import joined
from zhprep.engine.flops import utilisation
from zhprep.engine.log import Log, Meter, finite, real_tokens
from zhprep.engine.loop import Outcome
from zhprep.engine.memory import freed_memory_given_back
from zhprep.engine.parallel import kind_of
from zhprep.engine.validation import in_order, predict
from zhprep.models.checkpoints.files import save_model
from zhprep.models.model import flops_of, n_parameters
from zhprep.pretrain import folder
from zhprep.pretrain.alone import alone_in
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import Job, other_vocabularies, set_up
from zhprep.pretrain.words import carry_lists


@freed_memory_given_back()
def pretrain(
    data: Path | Sequence[Path],
    run: Path,
    model: Mapping[str, Any],
    config: PretrainConfig,
    *,
    vocabulary: Path | None = None,
    overwrite: bool = False,
    progress: Progress = NO_PROGRESS,
) -> Report:
    """Train the model of a recipe's ``[model]`` section on the instances in ``data`` and write the run folder ``run``.

    Of a run of several phases ``data`` is a folder for each, or one for all. The vocabulary is that of the folder
    ``vocab`` in the last, unless another is named.
    A run that was stopped goes on from its last checkpoint; a finished one is left as it is. On a CPU the weights are
    the same to the bit as if it had not been stopped. Raises ``Stopped`` when it stops early on purpose, ``UsageError``
    when ``run`` was begun with other settings or other data.
    """
    stopping = Stopping(parse_duration(config.time_limit) if config.time_limit else None)  # getting ready counts too
    kind_of(config.way).check(config)
    with joined() as world, contextlib.ExitStack() as held:
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.set_float32_matmul_precision("high" if world.device.type == "cuda" else "highest")
        folders = [data] if isinstance(data, Path) else list(data)
        job = set_up(folders, run, model, config, vocabulary, world)
        told = progress if world.writes else NO_PROGRESS
        begun = world.of_first(_begun(job, overwrite, held, told) if world.writes else None)
        job = dataclasses.replace(job, plan=begun["plan"])
        if not begun["finished"]:
            if job.initial is not None:
                told.tell("initial", f"{config.initial}: {job.initial}", **job.initial.figures)
            return _train(job, begun["checkpoint"], stopping, told)
        world.agree(folder.missing(run / folder.REPORT))
        return Report(output=str(run), scores=folder.read_report(run))


def _begun(job: Job, overwrite: bool, held: contextlib.ExitStack, progress: Progress) -> dict[str, Any]:
    """Begin the run, and return its plan, whether it is finished, and the name of its last checkpoint, if any.

    Unless it is finished, ``held`` keeps other processes out from here on; without that nothing is written.
    """
    run = job.run
    if folder.is_finished(run) and not overwrite:
        folder.check_same(run, job.plan)
        return {"plan": folder.begun_with(run), "finished": True, "checkpoint": ""}
    alone = held.enter_context(alone_in(run, progress))
    folder.begin(run, job.plan, overwrite=overwrite)
    if alone:
        checkpoint.remove_half_written(run)
    saved = ["", *(path.name for path in checkpoint.checkpoints(run))][-1]
    return {"plan": folder.begun_with(run), "finished": folder.is_finished(run), "checkpoint": saved}


@dataclasses.dataclass
class _Session:
    """What changes while a job runs: where it is, what it counted, the seconds before it last went on (of training, and
    all), and where it tells of itself."""

    job: Job
    step: int
    account: Account
    before: tuple[float, float]
    meter: Meter
    log: Log | None

    @property
    def seconds(self) -> float:
        """Seconds of training from the first step on; stops, looks at held-out rows and checkpoints left out."""
        return round(self.before[0] + self.meter.seconds, 3)

    @property
    def elapsed(self) -> float:
        """Seconds from the first step on in which it ran, with looks at held-out rows and checkpoints."""
        return round(self.before[1] + self.meter.elapsed, 3)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Inside is no training: its clock stands still, from when the device has taken the steps it was given."""
        self.job.world.settle()
        with self.meter.still():
            yield


def _train(job: Job, saved: str, stopping: Stopping, progress: Progress) -> Report:
    report = Report(output=str(job.run))
    session = _begin(job, saved, progress)
    try:
        with stopping:
            _steps(session, stopping)
        report.account = session.account
        with session.aside():
            _finish(session, report)
        return report
    finally:
        session.meter.end()
        if session.log is not None:
            session.log.close()


def _begin(job: Job, saved: str, progress: Progress) -> _Session:
    """Return the session at the checkpoint ``saved``, or at the beginning when there is none."""
    step, account = 0, Account()
    if saved:
        job.world.agree(folder.missing(job.run / saved / checkpoint.MANIFEST))
        state = checkpoint.restore(job.run / saved, job.model, job.trainer.optimiser, job.plan, job.trainer.parallel)
        step, account = state["step"], Account.from_dict(state["account"])
    log = Log(job.run / folder.LOG, step, job.config.steps) if job.world.writes else None
    before = (log.seconds, log.elapsed) if log is not None else (0.0, 0.0)
    return _Session(job, step, account, before, Meter(progress, step, job.config.steps), log)


def _steps(session: _Session, stopping: Stopping) -> None:
    job, config = session.job, session.job.config
    job.model.train()
    first = session.step
    for number, batches in enumerate(job.feed.steps(first, config.steps), first):
        job.trainer.go_on_as(job.stage_at(number).model)
        outcome = job.trainer.step(number, batches)
        session.step = number + 1
        _count(session, batches)
        if session.step % config.log_every == 0 or session.step in (1, config.steps):
            _log_step(session, outcome)
        last = session.step == config.steps
        if config.eval_every and session.step % config.eval_every == 0 and not last:
            with session.aside():
                _look_at_held_out(session)
        told = job.world.any(stopping.told) or session.step == config.stop_after
        if told or last or session.step % config.checkpoint_every == 0:
            _check_finite(session, outcome, {"norm of the weights": float(job.trainer.weight_norm())})
            with session.aside():
                _save(session)
        if told and not last:
            where = f"{job.run}: stopped as told at step {session.step} of {config.steps}"
            raise Stopped(where, hint="run the same command again to go on")


def _count(session: _Session, batches: list[dict[str, Tensor]]) -> None:
    """Count what a step was made of, over all processes."""
    model = session.job.model
    chosen = [batch[name] >= 0 for batch in batches for name in ("masked_labels", "masked_places") if name in batch]
    flops = round(sum(flops_of(model, batch) for batch in batches))
    local = [real_tokens(batches), sum(int(mask.sum()) for mask in chosen), flops]
    tokens, masked_tokens, flops = session.job.world.sum_counts(local)
    _, phase = session.job.feed.phase_at(session.step - 1)
    session.account.count(instances=phase.batch_size, tokens=tokens, masked_tokens=masked_tokens, flops=flops)
    session.meter.advance(tokens, flops)


def _log_step(session: _Session, outcome: Outcome) -> None:
    world = session.job.world
    losses = {name: float(world.sum(loss)) for name, loss in outcome.losses.items()}
    found = {f"loss of {name}": loss for name, loss in losses.items()}
    if session.log is None:
        return _check_finite(session, outcome, found)
    speed = session.meter.lap()
    rate = session.job.rate(session.step - 1)
    used = utilisation(speed.flops / world.size, world.device)
    session.log.write(
        step=session.step,
        tokens=session.account.counts["tokens"],
        seconds=session.seconds,
        elapsed=session.elapsed,
        loss=losses,
        lr=outcome.learning_rate,
        grad_norm=float(outcome.grad_norm),
        **({} if rate is None else {"rate": round(rate, 6)}),
        tokens_per_second=round(speed.tokens, 1),
        **({} if used is None else {"mfu": round(used, 4)}),
    )
    session.meter.show(sum(losses.values()))
    _check_finite(session, outcome, found)


def _check_finite(session: _Session, outcome: Outcome, more: Mapping[str, float]) -> None:
    """Raise ``UsageError`` when a step found no finite numbers, of its gradient or in ``more``; all processes see
    the same.

    What is not finite once stays so. To ask waits for a GPU, and so this is done where it is waited for anyway. The
    gradient is of the weights before the step: what these are after it is to be asked too before they are saved.
    """
    found = {"norm of the gradient": float(outcome.grad_norm), **more}
    if wrong := [f"{name} {value}" for name, value in found.items() if not math.isfinite(value)]:
        job, kept = session.job, checkpoint.checkpoints(session.job.run)
        saved = f"the last checkpoint is {kept[-1].name}" if kept else "there is no checkpoint before it"
        at = f"step {session.step} of {job.config.steps}"
        raise UsageError(
            f"{job.run}: training diverged: {at} has the {', '.join(wrong)}; {saved}",
            hint="begin again (--overwrite) with a lower --learning-rate, a longer --warmup or another --clip",
        )


def _look_at_held_out(session: _Session) -> dict[str, dict[str, float]]:
    """Log and return each objective's figures on the held-out instances, if there are any and a log is kept."""
    job = session.job
    stage = job.stage_at(session.step - 1)
    if not len(stage.held_out):
        return {}
    model = job.trainer.whole_model()
    if session.log is None:
        return {}
    tokens, seconds = session.account.counts["tokens"], session.seconds
    found = predict(model, in_order(stage.batches, stage.held_out, model), job.world.device)
    figures = {name: predictions.figures for name, predictions in found.items()}
    session.log.write(step=session.step, tokens=tokens, seconds=seconds, elapsed=session.elapsed, held_out=figures)
    return figures


def _save(session: _Session) -> None:
    job = session.job
    trainer = job.trainer
    state = {"account": session.account.as_dict()}  # no clock: what is saved is the same to the byte
    checkpoint.save(job.run, session.step, job.model, trainer.optimiser, state, job.plan, trainer.parallel)
    if job.world.writes:
        checkpoint.prune(job.run, job.config.keep)
    job.world.wait()


def _finish(session: _Session, report: Report) -> None:
    job, run = session.job, session.job.run
    job.trainer.go_on_as(job.stage_at(job.config.steps - 1).model)  # after a resume that had no step to take
    held_out, model = _look_at_held_out(session), job.trainer.whole_model()
    if not job.world.writes:
        return
    report.scores = {
        "steps": job.config.steps,
        "parameters": n_parameters(model),
        "processes": job.world.size,
        "parameters_a_process": sum(map(job.trainer.parallel.held, job.trainer.weights)),
        "tokens_per_second": session.meter.tokens_per_second,
        "training_seconds": session.seconds,
        "held_out": finite(held_out),
        "fresh_weights": [] if job.initial is None else job.initial.fresh,
        **({} if job.initial is None else {"initial": job.initial.figures}),
        **job.sources,
    }
    if "segment" in report.scores:
        report.scores["segment"] = carry_lists(job.sources["segment"], job.sources.get("segmenter", ""), run)
    save_model(model, run, pad_id=job.vocabulary.pad)
    folder.copy_tokenizer(Path(job.sources["vocabulary"]), run)
    for name in other_vocabularies(model):
        folder.copy_tokenizer(Path(job.sources["data"]) / name, run / name)
    report.content_sha256 = file_sha256(run / "model.safetensors")
    folder.finish(run, job.plan, report.as_dict())
