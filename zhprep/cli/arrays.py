"""Which task of an array this is, as schedulers tell it.

An index is not its rank: ``--array=3-9:2`` has four tasks, 3 5 7 9. Where a scheduler says how its array is numbered
and that has as many tasks as ``--num-shards``, the rank in it counts. Else the index is taken for the number of the
task among all, as in the list that ``status --pending-array`` prints: counted from where the scheduler counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zhprep.core.errors import UsageError

Numbers = Mapping[str, int]


@dataclass(frozen=True)
class Scheduler:
    """Where a scheduler says which task this is: ``variable``, counted from ``base``.

    ``numbering`` gives first index, step and number of tasks of the array, from the other variables and the number of
    tasks that there should be; None where the scheduler does not say.
    """

    name: str
    variable: str
    base: int = 0
    numbering: Callable[[Numbers, int], tuple[int, int, int] | None] = lambda *_: None


def _slurm(given: Numbers, _number: int) -> tuple[int, int, int] | None:
    first, last, step, count = (given.get(f"SLURM_ARRAY_TASK_{name}") for name in ("MIN", "MAX", "STEP", "COUNT"))
    if first is None or last is None or not step or (last - first) // step + 1 != count:
        return None  # a list such as 1,4-5,9: its step says nothing
    return first, step, count


def _sge(given: Numbers, _number: int) -> tuple[int, int, int] | None:
    first, last, step = (given.get(f"SGE_TASK_{name}") for name in ("FIRST", "LAST", "STEPSIZE"))
    return None if first is None or last is None or not step else (first, step, (last - first) // step + 1)


def _lsf(given: Numbers, number: int) -> tuple[int, int, int] | None:
    """LSF says where an array ends and its step: with the number of its tasks, where it begins."""
    last, step, index = given.get("LSB_JOBINDEX_END"), given.get("LSB_JOBINDEX_STEP"), given["LSB_JOBINDEX"]
    if last is None or not step:
        return None
    first = last - (last - index) % step - step * (number - 1)
    return (first, step, number) if first >= 1 else None


STATED = Scheduler("the environment", "ZHPREP_SHARD_INDEX")
PARALLEL = Scheduler("GNU parallel", "PARALLEL_SEQ", 1)
"""What may run inside a task of another's array, or start it on another machine: neither is known to be the inner."""

SCHEDULERS = (
    Scheduler("Slurm", "SLURM_ARRAY_TASK_ID", 0, _slurm),
    Scheduler("PBS", "PBS_ARRAY_INDEX"),
    Scheduler("Torque", "PBS_ARRAYID"),
    Scheduler("Kubernetes", "JOB_COMPLETION_INDEX"),
    Scheduler("LSF", "LSB_JOBINDEX", 1, _lsf),
    Scheduler("Grid Engine", "SGE_TASK_ID", 1, _sge),
    PARALLEL,
)


def shard_index(number: int, environment: Mapping[str, str] = os.environ) -> int:
    """Return the rank of this task among ``number``, counted from 0: what is stated, or what the first scheduler says
    that is there.

    Raises ``UsageError`` where none says it, where what is stated is no number, or where the rank cannot be known.
    """
    given = {name: int(value) for name, value in environment.items() if _is_number(value)}
    if (stated := environment.get(STATED.variable)) and STATED.variable not in given:
        hint = f"set it to a number from 0 to {number - 1}, or give --shard-index"
        raise UsageError(f"{STATED.variable} is {stated!r}, which is no number of a task", hint=hint)
    there = [scheduler for scheduler in (STATED, *SCHEDULERS) if _says(scheduler, given)]
    if not there:
        known = ", ".join(scheduler.variable for scheduler in (STATED, *SCHEDULERS))
        raise UsageError("--num-shards needs --shard-index", hint=f"or run it in an array ({known})")
    first = there[0]
    if first is not STATED and PARALLEL in there[1:]:
        raise UsageError(
            f"{first.name} says {first.variable}={given[first.variable]} and {PARALLEL.name} "
            f"{PARALLEL.variable}={given[PARALLEL.variable]}; which of them is meant cannot be known",
            hint=f"give --shard-index, or unset that which is not meant, {first.variable} or {PARALLEL.variable}",
        )
    return _rank(first, given[first.variable], given, number)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _says(scheduler: Scheduler, given: Numbers) -> bool:
    index = given.get(scheduler.variable)
    return index is not None and not (index == 0 and scheduler.variable == "LSB_JOBINDEX")  # 0: not of an array


def _rank(scheduler: Scheduler, index: int, given: Numbers, number: int) -> int:
    numbering = scheduler.numbering(given, number)
    if numbering is not None and numbering[2] == number:
        first, step, _ = numbering
        rank, rest = divmod(index - first, step)
    else:
        rank, rest = index - scheduler.base, 0
    if rest or not 0 <= rank < number:
        told = f"an array of {numbering[2]} tasks from {numbering[0]} in steps of {numbering[1]}" if numbering else ""
        raise UsageError(
            f"{scheduler.name} says {scheduler.variable}={index}{f' of {told}' if told else ''}; "
            f"which of --num-shards {number} that is cannot be known",
            hint=f"number the array from {scheduler.base} to {number - 1 + scheduler.base}, or give --shard-index",
        )
    return rank
