#!/usr/bin/env bash
# torch 2.13.0 (CPU, gloo, two processes): mean losses of a DTensor whose rows lie over the processes have other gradients.
# Expected: F.mse_loss(x, y), of DTensors with Shard(0), has the value and the gradient that it has of the whole tensors.
# Seen: over two equal shards the value is right and every gradient twice what it is: the backward pass divides by the
# numbers of the own shard. huber_loss, smooth_l1_loss and soft_margin_loss do so too. Over shards of 2 rows and 1 the
# value is wrong as well, the mean of two means. No warning is given. The same mean written out, ((x - y) ** 2).mean(),
# is right in both, and so is reduction="sum" divided by the number of all; l1_loss too.
# In zhprep: losses are sums over a process's own rows, divided by how many there are in all processes, and what
# optimisers take of a sharded weight (norms, means) is made of sums (tests/pretrain/test_sharded.py).
source "$(dirname "$0")/common.sh"
packages torch==2.13.0 numpy
observe <<'PYTHON'
import json
import subprocess
import sys
from pathlib import Path

Path("losses.py").write_text("""
import json
import sys

import torch
import torch.distributed
import torch.nn.functional as F
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

mesh = init_device_mesh("cpu", (2,))
LOSSES = {
    **{name: getattr(F, name) for name in sys.argv[1:]},
    "l1_loss": F.l1_loss,
    "written out": lambda x, y: ((x - y) ** 2).mean(),
    "sum over number": lambda x, y: F.mse_loss(x, y, reduction="sum") / x.numel(),
}


def value_and_gradient(loss, x, y):
    x = x.clone().requires_grad_()
    value = loss(x, y)
    value.backward()
    return [getattr(one, "full_tensor", lambda one=one: one)().detach() for one in (value, x.grad)]


seen = {}
for n_rows in (4, 3):
    x, y = torch.tensor([0.1, 0.2, 0.9, 0.4])[:n_rows], torch.ones(n_rows)
    for name, loss in LOSSES.items():
        whole = value_and_gradient(loss, x, y)
        shards = value_and_gradient(loss, *(distribute_tensor(one, mesh, [Shard(0)]) for one in (x, y)))
        ratios = [(one / other).flatten().tolist() for one, other in zip(shards, whole)]
        seen[f"{name}, {n_rows} rows"] = [[round(ratio, 3) for ratio in some] for some in ratios]
if torch.distributed.get_rank() == 0:
    print(json.dumps(seen))
""")
LOSSES = ["mse_loss", "huber_loss", "smooth_l1_loss", "soft_margin_loss"]
launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "losses.py", *LOSSES]
done = subprocess.run(launch, capture_output=True, text=True, check=True)
seen = json.loads(done.stdout)
for what, (value, gradient) in seen.items():
    print(f"{what}: value {value[0]} of what it is whole, gradients {gradient}")
for name in LOSSES:
    assert seen[f"{name}, 4 rows"] == [[1.0], [2.0] * 4], name
    assert seen[f"{name}, 3 rows"][0] != [1.0], name
for name in ("written out", "sum over number", "l1_loss"):
    for n_rows in (4, 3):
        assert seen[f"{name}, {n_rows} rows"] == [[1.0], [1.0] * n_rows], name
PYTHON
