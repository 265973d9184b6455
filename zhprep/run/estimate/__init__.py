"""What a corpus costs: a sample of it goes through the stages of a recipe here (``measure``), and the whole is reckoned
from what that took (``reckon``)."""

from __future__ import annotations

from zhprep.run.estimate.measure import measure, plan_whole
from zhprep.run.estimate.reckon import reckon

__all__ = ["measure", "plan_whole", "reckon"]
