"""The optimisers as the papers print them: one tensor after another, in float64 of numpy, nothing shared."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rule = Callable[..., Array]


def means(gradients: list[Array], beta: float, power: int = 1) -> Array:
    """Return the running mean of the gradients (to a power), from nothing."""
    mean = np.zeros_like(gradients[0])
    for gradient in gradients:
        mean = beta * mean + (1 - beta) * gradient**power
    return mean


def unbiased(gradients: list[Array], b1: float, b2: float) -> tuple[Array, Array]:
    t = len(gradients)
    return means(gradients, b1) / (1 - b1**t), means(gradients, b2, 2) / (1 - b2**t)


def adamw(w: Array, gradients: list[Array], lr: float, wd: float, b1: float, b2: float, eps: float) -> Array:
    """arXiv:1711.05101, Algorithm 2."""
    m, v = unbiased(gradients, b1, b2)
    return w - lr * wd * w - lr * m / (np.sqrt(v) + eps)


def bert_adam(w: Array, gradients: list[Array], lr: float, wd: float, b1: float, b2: float, eps: float) -> Array:
    """optimization.py of google-research/bert, AdamWeightDecayOptimizer.apply_gradients."""
    m, v = means(gradients, b1), means(gradients, b2, 2)
    return w - lr * (m / (np.sqrt(v) + eps) + wd * w)


def lamb(w: Array, gradients: list[Array], lr: float, wd: float, b1: float, b2: float, eps: float) -> Array:
    """arXiv:1904.00962, Algorithm 2, with the identity for φ; without decay no trust ratio (Google's code)."""
    m, v = unbiased(gradients, b1, b2)
    update = m / (np.sqrt(v) + eps) + wd * w
    sizes = np.linalg.norm(w), np.linalg.norm(update)
    return w - lr * (sizes[0] / sizes[1] if wd and all(sizes) else 1.0) * update


def stable_adamw(w: Array, gradients: list[Array], lr: float, wd: float, b1: float, b2: float, eps: float) -> Array:
    """arXiv:2304.13013, Algorithm 2, with its β̂, which correct the bias as they go."""
    v, u = np.zeros_like(w), np.zeros_like(w)
    for t, gradient in enumerate(gradients, 1):
        beta1, beta2 = b1 * (1 - b1 ** (t - 1)) / (1 - b1**t), b2 * (1 - b2 ** (t - 1)) / (1 - b2**t)
        v, u = beta1 * v + (1 - beta1) * gradient, beta2 * u + (1 - beta2) * gradient**2
    rms = math.sqrt((gradients[-1] ** 2 / np.maximum(u, eps**2)).mean())
    rate = lr / max(1.0, rms)
    return w - rate * wd * w - rate * v / (np.sqrt(u) + eps)


def muon(w: Array, gradients: list[Array], lr: float, wd: float, momentum: float) -> Array:
    """Jordan et al. 2024 (Newton-Schulz of order 5, Nesterov) with the scale of arXiv:2502.16982."""
    mean = means(gradients, momentum)
    update = (1 - momentum) * gradients[-1] + momentum * mean
    x = update.T if w.shape[0] > w.shape[1] else update
    x = x / max(np.linalg.norm(x), 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
    x = x.T if w.shape[0] > w.shape[1] else x
    return w - lr * wd * w - lr * 0.2 * math.sqrt(max(w.shape)) * x


RULES: dict[str, Rule] = {"adamw": adamw, "bert-adam": bert_adam, "lamb": lamb, "stable-adamw": stable_adamw}
