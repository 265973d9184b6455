from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import random, resource, torch
from zhprep.engine.memory import keep_freed_memory
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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux and its C library")
def test_what_is_freed_is_used_again_without_new_pages():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    told, first, after = done.stdout.split()
    if told == "False":
        pytest.skip("this C library cannot be told")
    assert int(first) > 10_000
    assert int(after) < int(first) // 4


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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux and its C library")
def test_what_a_training_kept_is_given_back_before_the_next():
    done = subprocess.run([sys.executable, "-c", GIVEN_BACK], capture_output=True, text=True, check=True)
    told, kept, after = done.stdout.split()
    if told == "False":
        pytest.skip("this C library cannot be told")
    assert int(kept) - int(after) > 150
