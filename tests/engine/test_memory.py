from __future__ import annotations

import subprocess
import sys

import pytest
import torch

SCRIPT = """
import ctypes, random, resource, torch
from zhprep.engine.memory import keep_freed_memory
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE: a fault is of one small page, whatever the machine is set to
random.seed(1)
def faults_of_steps(n_steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n_steps):
        [torch.ones(random.randint(1 << 22, 1 << 23)) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first = faults_of_steps(10)
told = keep_freed_memory()
faults_of_steps(40)
print(told, first, faults_of_steps(10))
"""


on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux and its C library")


def figures_of(script: str) -> list[int]:
    """Return the figures that a script prints after whether the allocator could be told; without that, skip."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told, *figures = done.stdout.split()
    if told == "False":
        pytest.skip("this C library cannot be told")
    return [int(figure) for figure in figures]


@on_linux
def test_what_is_freed_is_used_again_without_new_pages():
    first, after = figures_of(SCRIPT)
    assert first > 10_000
    assert after < first // 4


GIVEN_BACK = """
import psutil, torch
from zhprep.engine.memory import give_back_freed_memory, keep_freed_memory
if not keep_freed_memory():
    print("False 0 0")
    raise SystemExit
tensors = [torch.ones(1 << 18) for _ in range(200)]
last = torch.ones(1 << 18)  # the heap does not end with what is freed
del tensors
kept = psutil.Process().memory_info().rss
give_back_freed_memory()
print(True, kept >> 20, psutil.Process().memory_info().rss >> 20)
"""


@on_linux
def test_what_a_training_kept_is_given_back_before_the_next():
    kept, after = figures_of(GIVEN_BACK)
    assert kept - after > 150


LET_GO = """
import psutil, torch
from zhprep.engine.memory import freed_memory_given_back, keep_freed_memory

def held():
    return psutil.Process().memory_info().rss >> 20

@freed_memory_given_back()
def trained():
    told = keep_freed_memory()
    tensors = [torch.ones(1 << 18) for _ in range(200)]
    return told, torch.ones(1 << 18), held()  # the heap does not end with what is freed

told, last, kept = trained()
print(told, kept - held())
"""


@on_linux
def test_what_a_training_kept_is_given_back_at_its_end():
    (given_back,) = figures_of(LET_GO)
    assert given_back > 150


KERNELS = """
import ctypes, torch
import zhprep.engine

class Figures(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b c d e f in_use free g".split()]  # mallinfo2 of malloc.h

if not hasattr(ctypes.CDLL(None), "mallinfo2"):
    print("False 0")
    raise SystemExit

def used():
    figures = ctypes.CDLL(None).mallinfo2
    figures.restype = Figures
    return figures().in_use

rows = torch.ones(2000, 64)
[torch.nn.functional.gelu(rows[:n]) for n in range(1, 100)]
before = used()
[torch.nn.functional.gelu(rows[:n]) for n in range(100, 1000)]
print(True, used() - before)
"""


@on_linux
@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch computes without oneDNN")
def test_kernels_of_shapes_that_do_not_come_again_are_not_kept():
    (grown,) = figures_of(KERNELS)
    assert grown < 1_000_000
