"""What a way of transfer does: which weights are trained when, and at which rates.

The groups of a model, from the top: heads, layers from the last to the first, embeddings. Norms after the last layer
are with the heads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence

from torch import nn

from zhprep.engine.groups import depth_of
from zhprep.evaluate.config import EvaluateConfig

EMBEDDINGS = -1


@dataclasses.dataclass(frozen=True)
class TuneStage:
    """``n_steps`` steps in which the weights called ``trained`` change, and no others."""

    n_steps: int
    trained: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Tuning:
    """Stages, one after another; ``layer_decay`` is the rate of a group as a share of the one above, ``end_rate`` where
    the rate ends as a share of the highest. Where ``frozen``, the body drops nothing out."""

    stages: tuple[TuneStage, ...]
    layer_decay: float = 1.0
    end_rate: float = 0.0
    frozen: bool = False

    @property
    def trained(self) -> frozenset[str]:
        """The weights that change at some time."""
        return frozenset().union(*(stage.trained for stage in self.stages))

    def at(self, step: int) -> TuneStage:
        """Return the stage of ``step`` (from 0); beyond the end it is the last."""
        for stage in self.stages:
            if step < stage.n_steps:
                return stage
            step -= stage.n_steps
        return self.stages[-1]


def names_of(model: nn.Module) -> list[str]:
    """Return the names of all weights."""
    return [name for name, _ in model.named_parameters()]


def groups_of(model: nn.Module) -> list[frozenset[str]]:
    """Return the groups of the weights of ``model``, from the top."""
    found: dict[int, set[str]] = {}
    names = names_of(model)
    highest = max((depth for name in names if (depth := _depth(name)) is not None), default=EMBEDDINGS) + 1
    for name in names:
        depth = _depth(name)
        found.setdefault(highest if depth is None else depth, set()).add(name)
    return [frozenset(found[depth]) for depth in sorted(found, reverse=True)]


def _depth(name: str) -> int | None:
    """Return the layer that a weight is in, −1 for embeddings, None for heads and what is after the last layer."""
    if not name.startswith("body."):
        return None
    depth = depth_of(name)
    return EMBEDDINGS if depth is None and "embeddings" in name else depth


def heads_of(model: nn.Module) -> frozenset[str]:
    """Return the weights that are not of the body."""
    return frozenset(name for name in names_of(model) if not name.startswith("body."))


def one_stage(trained: Iterable[str], n_steps: int, *, frozen: bool = False) -> Tuning:
    """Return the tuning that trains the same weights from begin to end."""
    return Tuning((TuneStage(n_steps, frozenset(trained)),), frozen=frozen)


def in_turn(groups: Sequence[Collection[str]], n_steps: int, longest: int = 0) -> tuple[TuneStage, ...]:
    """Return a stage for each of ``groups`` of weights: equal shares of ``n_steps``, or ``longest`` steps where that is
    less, and the last for as long as is left."""
    share = n_steps // len(groups)
    share = min(share, longest) if longest else share
    sizes = [share] * (len(groups) - 1)
    sizes.append(n_steps - sum(sizes))
    return tuple(TuneStage(size, frozenset(group)) for size, group in zip(sizes, groups, strict=True))


def total_steps(config: EvaluateConfig, per_epoch: int) -> int:
    """Return the steps of all epochs."""
    return config.epochs * per_epoch
