from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["zhprep.engine", "zhprep.pretrain", "zhprep.evaluate"])
def test_threads_are_told_how_to_wait_before_torch_is_loaded(package, request):
    code = f"import sys, os, {package}, {package}.config; print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment["PYTHONPATH"] = str(request.config.rootpath)
    for given, expected in (({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")):
        found = subprocess.run(
            [sys.executable, "-c", code], env=environment | given, capture_output=True, text=True, check=True
        )
        assert found.stdout.split() == ["False", expected]
