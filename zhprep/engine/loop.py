"""One step of training: forward, backward, clip, change the weights. Which objectives there are it does not know."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from zhprep.core import rng
from zhprep.core.registry import lookup
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.memory import give_back_freed_memory, keep_freed_memory
from zhprep.engine.optimisers import OPTIMISERS
from zhprep.engine.parallel import parallel
from zhprep.engine.schedules import learning_rate
from zhprep.models import Model, ModelConfig
from zhprep.models.blocks.attentions.attending import Setting
from zhprep.models.model import seeded_model


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a step found: each objective's mean loss (this process's summands of it), the gradient's norm, the rate."""

    losses: dict[str, Tensor]
    grad_norm: Tensor
    learning_rate: float


def automatic_dtype(device: torch.device) -> str:
    """Return the arithmetic for ``device``: ``bf16`` where it has units for that, ``fp32`` elsewhere; older GPUs (V100,
    T4) emulate it, and torch counts that unless it is told."""
    has_units = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16" if has_units else "fp32"


class Trainer:
    """A model, its optimiser, and how they go from one step to the next.

    ``rate`` gives the learning rate of a step (from 0) where it is not what ``config`` says for the whole run; ``way``
    names how the weights lie over several processes.
    """

    def __init__(
        self,
        model: Model,
        config: OptimisationConfig,
        world: World,
        rate: Callable[[int], float] | None = None,
        way: str = "ddp",
    ) -> None:
        if world.device.type == "cpu":
            give_back_freed_memory()
            keep_freed_memory()
        self.model = model.to(world.device)
        self.config = config
        self.world = world
        self.parallel = parallel(way, world)
        self.parallel.place(self.model)
        self._rate = rate or functools.partial(learning_rate, config)
        named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        self.weights = [weight for _, weight in named]
        make = lookup(OPTIMISERS, config.optimiser, "optimiser")
        self.optimiser = make(named, config)
        self._forward = self._wrapped()

    def go_on_as(self, config: ModelConfig) -> None:
        """Go on with the same weights in a model of other settings, none of which changes a weight."""
        if config == self.model.config:
            return
        was_training = self.model.training
        changed = seeded_model(config, 0).to(self.world.device)
        self.parallel.place(changed)
        changed.load_state_dict(self.model.state_dict(keep_vars=True), assign=True)
        self.model = changed.train(was_training)
        self._forward = self._wrapped()

    def _wrapped(self) -> Any:
        self.model.attend_by(self.config.attention, Setting(self.world.device, compiled=self.config.compile))
        forward: Any = torch.compile(self.model) if self.config.compile else self.model
        return self.parallel.wrap(forward, in_parts=self.model.in_parts)

    def whole_model(self) -> Model:
        """Return the model with all weights, for the process that writes; every process has to ask."""
        return self.parallel.whole_model(self.model)

    def weight_norm(self) -> Tensor:
        """Return the norm of all weights that are trained, of all processes, float32[]; every process has to ask."""
        return self.parallel.whole(nn.utils.get_total_norm([weight.detach() for weight in self.weights]))

    @property
    def dtype(self) -> str:
        """The arithmetic of this run: ``bf16`` or ``fp32``."""
        return automatic_dtype(self.world.device) if self.config.dtype == "auto" else self.config.dtype

    def step(self, number: int, batches: list[dict[str, Tensor]]) -> Outcome:
        """Take step ``number`` on this process's ``batches``, whose losses are means over the whole step's labels.

        Dropout is a function of the seed, the step and the process, so a resumed run draws the same.
        """
        torch.manual_seed(int(rng.keys(self.config.seed, "dropout", number, self.world.rank)[0] >> 1))
        counts, weights = self._counts(batches), self.model.weights(number, self.config.steps)
        rate = self._rate(number)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["lr_scale"]
        self.optimiser.zero_grad(set_to_none=True)
        losses: dict[str, Tensor] = {}
        for part, batch in enumerate(batches):
            with self.parallel.syncing(self._forward, part == len(batches) - 1):
                means = self._means(batch, counts)
                total = torch.stack([weights[name] * mean for name, mean in means.items()]).sum()
                torch.autograd.backward(total * self.world.size)  # the mean over the processes is taken
            for name, mean in means.items():
                losses[name] = losses[name] + mean.detach() if name in losses else mean.detach()
        norm = self._clip()
        self.optimiser.step()
        return Outcome(losses, norm, rate)

    def _means(self, batch: Mapping[str, Tensor], counts: Mapping[str, int]) -> dict[str, Tensor]:
        device = self.world.device
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
        with torch.autocast(device.type, torch.bfloat16, enabled=self.dtype == "bf16"):
            sums: dict[str, Tensor] = self._forward(moved)
        return {name: value / counts[name] for name, value in sums.items()}

    def _counts(self, batches: list[dict[str, Tensor]]) -> dict[str, int]:
        """Return how many things each objective predicts in the whole step, over all parts and processes."""
        counted = [self.model.counts(batch) for batch in batches]
        names = list(self.model.objectives)
        total = self.world.sum_counts([sum(counts[name] for counts in counted) for name in names])
        return {name: max(count, 1) for name, count in zip(names, total, strict=True)}

    def _clip(self) -> Tensor:
        """Clip the gradient by its norm over all weights, of all processes; return the norm it had, float32[]."""
        gradients = [weight.grad for weight in self.weights if weight.grad is not None]
        norm = self.parallel.whole(nn.utils.get_total_norm(gradients))
        nn.utils.clip_grads_with_norm_(self.weights, self.config.clip or math.inf, norm)
        return norm
