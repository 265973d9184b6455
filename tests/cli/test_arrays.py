"""Which task this is, by the variables that each scheduler really sets."""

from __future__ import annotations

import pytest

from zhprep.cli.arrays import SCHEDULERS, shard_index
from zhprep.core.errors import UsageError


def slurm(index: int, first: int, last: int, step: int, count: int) -> dict[str, str]:
    values = {"ID": index, "MIN": first, "MAX": last, "STEP": step, "COUNT": count}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()} | {"SLURM_ARRAY_JOB_ID": "7"}


def sge(index: object, first: object, last: object, step: object) -> dict[str, str]:
    return {
        "SGE_TASK_ID": str(index),
        "SGE_TASK_FIRST": str(first),
        "SGE_TASK_LAST": str(last),
        "SGE_TASK_STEPSIZE": str(step),
    }


def lsf(index: int, last: int, step: int = 1) -> dict[str, str]:
    return {"LSB_JOBINDEX": str(index), "LSB_JOBINDEX_END": str(last), "LSB_JOBINDEX_STEP": str(step)}


KNOWN = {
    "slurm 0-63": (slurm(5, 0, 63, 1, 64), 64, 5),
    "slurm 1-64": (slurm(64, 1, 64, 1, 64), 64, 63),
    "slurm 3-9:2": (slurm(7, 3, 9, 2, 4), 4, 2),
    "slurm 3-10:2": (slurm(9, 3, 10, 2, 4), 4, 3),
    "slurm 0-63%8": (slurm(63, 0, 63, 1, 64), 64, 63),
    "slurm, a part again: 1,4-5,9": (slurm(9, 1, 9, 1, 4), 64, 9),
    "slurm, one again": (slurm(6, 6, 6, 1, 1), 64, 6),
    "PBS -J 0-63": ({"PBS_ARRAY_INDEX": "12", "PBS_JOBID": "9[12].host"}, 64, 12),
    "Torque -t 0-63": ({"PBS_ARRAYID": "0", "PBS_JOBID": "9[0].host"}, 64, 0),
    "Kubernetes": ({"JOB_COMPLETION_INDEX": "3"}, 4, 3),
    "LSF [1-64]": (lsf(64, 64), 64, 63),
    "LSF [3-9:2]": (lsf(7, 9, 2), 4, 2),
    "LSF [3-10:2]": (lsf(9, 10, 2), 4, 3),
    "LSF, a part again: [2,5]": (lsf(5, 5), 64, 4),
    "SGE -t 1-64": (sge(64, 1, 64, 1), 64, 63),
    "SGE -t 3-9:2": (sge(3, 3, 9, 2), 4, 0),
    "SGE, one again": (sge(9, 9, 9, 1), 64, 8),
    "GNU parallel": ({"PARALLEL_SEQ": "1", "PARALLEL_PID": "77"}, 4, 0),
    "said plainly": ({"ZHPREP_SHARD_INDEX": "2", **slurm(0, 0, 3, 1, 4)}, 4, 2),
    "said plainly, in GNU parallel": (
        {"ZHPREP_SHARD_INDEX": "2", "PARALLEL_SEQ": "1", **slurm(0, 0, 3, 1, 4)},
        4,
        2,
    ),
    "said by nobody": ({"ZHPREP_SHARD_INDEX": "", "PARALLEL_SEQ": "1"}, 4, 0),
    "GNU parallel in a job of SGE that is no array": (
        {**sge("undefined", "undefined", "undefined", "undefined"), "PARALLEL_SEQ": "2"},
        4,
        1,
    ),
    "GNU parallel in a job of LSF that is no array": ({"LSB_JOBINDEX": "0", "PARALLEL_SEQ": "2"}, 4, 1),
}


@pytest.mark.parametrize(("environment", "number", "rank"), KNOWN.values(), ids=KNOWN)
def test_the_rank_is_known(environment: dict[str, str], number: int, rank: int) -> None:
    assert shard_index(number, environment) == rank


UNKNOWN = {
    "slurm, four of a list": (slurm(9, 1, 9, 1, 4), 4, "Slurm says SLURM_ARRAY_TASK_ID=9; which of --num-shards 4"),
    "slurm, another number": (slurm(64, 1, 64, 1, 64), 32, "of an array of 64 tasks from 1 in steps of 1"),
    "PBS from 1": ({"PBS_ARRAY_INDEX": "64"}, 64, "PBS says PBS_ARRAY_INDEX=64"),
    "GNU parallel in a task of Slurm's": (
        {**slurm(3, 0, 3, 1, 4), "PARALLEL_SEQ": "1"},
        4,
        "Slurm says SLURM_ARRAY_TASK_ID=3 and GNU parallel PARALLEL_SEQ=1; which of them is meant",
    ),
    "GNU parallel, more jobs": ({"PARALLEL_SEQ": "5"}, 4, "GNU parallel says PARALLEL_SEQ=5"),
}


@pytest.mark.parametrize(("environment", "number", "told"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_known_is_told(environment: dict[str, str], number: int, told: str) -> None:
    with pytest.raises(UsageError, match="cannot be known") as error:
        shard_index(number, environment)
    assert told in str(error.value)
    assert "give --shard-index" in error.value.hint


@pytest.mark.parametrize("stated", ["x", "-1", "²", " 1", "1.0"])
def test_what_is_stated_must_be_a_number(stated: str) -> None:
    with pytest.raises(UsageError, match=r"ZHPREP_SHARD_INDEX is '.*', which is no number") as error:
        shard_index(4, {"ZHPREP_SHARD_INDEX": stated, **slurm(0, 0, 3, 1, 4)})
    assert "0 to 3" in error.value.hint


def test_without_a_scheduler() -> None:
    with pytest.raises(UsageError, match="--num-shards needs --shard-index") as error:
        shard_index(4, {"SLURM_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "", "PBS_ARRAY_INDEX": "²"})
    assert all(scheduler.variable in error.value.hint for scheduler in SCHEDULERS)


@pytest.mark.parametrize(("first", "step"), [(0, 1), (1, 1), (3, 2), (7, 5)])
def test_every_task_of_an_array_has_a_rank_of_its_own(first: int, step: int) -> None:
    for number in range(1, 9):
        indices = range(first, first + step * number, step)
        last = indices[-1]
        assert [shard_index(number, slurm(i, first, last, step, number)) for i in indices] == list(range(number))
        if first:
            assert [shard_index(number, sge(i, first, last, step)) for i in indices] == list(range(number))
            assert [shard_index(number, lsf(i, last, step)) for i in indices] == list(range(number))
