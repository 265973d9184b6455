"""Means of the weights of the last steps: self-ensemble and self-distillation (Xu et al., arXiv:2002.10345 §3).

The student is scored with the mean of its weights after each of the last K steps, or learns besides its labels the
logits of a teacher that has such a mean.
"""

from __future__ import annotations

import copy
from collections import deque

import torch
from torch import Tensor

from zhprep.evaluate.heads import TaskModel

Weights = dict[str, Tensor]


class LastWeights:
    """The weights that change of a model after each of the last ``most`` steps, as a running sum."""

    def __init__(self, model: TaskModel, most: int) -> None:
        self.model, self.most = model, most
        self.kept: deque[Weights] = deque()
        self.total: Weights = {}

    @torch.no_grad()
    def add(self) -> None:
        """Take in the weights as they are now, and leave out those that are too old."""
        now = {name: weight.detach().clone() for name, weight in self.model.named_parameters()}
        now = {name: weight for name, weight in now.items() if weight.is_floating_point()}
        self.kept.append(now)
        old = self.kept.popleft() if len(self.kept) > self.most else {}
        for name, weight in now.items():
            total = self.total.setdefault(name, torch.zeros_like(weight, dtype=torch.float64))
            total += weight
            if old:
                total -= old[name]

    @torch.no_grad()
    def put_into(self, model: TaskModel) -> None:
        """Give ``model`` the mean."""
        if self.kept:
            for name, weight in model.named_parameters():
                weight.copy_(self.total[name] / len(self.kept))


def teacher_of(model: TaskModel) -> TaskModel:
    """Return a copy of ``model`` that is asked and never taught."""
    teacher = copy.deepcopy(model).eval()
    for weight in teacher.parameters():
        weight.requires_grad_(False)
    return teacher
