"""The scripts of docs/clusters run as they are, to the bytes of one process; each is skipped where its program is not."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import slurm_nodes
from command_line import PACKAGE_PARENT, made_by, put_program, with_programs, zhprep
from fault_table import fault, rounds
from patience import patience, wait_until
from plain_tasks import contents

SCRIPTS = PACKAGE_PARENT / "docs" / "clusters"


@pytest.fixture
def here(tmp_path: Path, sample_data: Path) -> Path:
    """A folder with a space and a quote in its name, a corpus, and a program `zhprep`."""
    folder = tmp_path / "today's folder"
    shutil.copytree(sample_data / "corpus", folder / "corpus")
    put_program(folder / "bin" / "zhprep", f'exec "{sys.executable}" -m zhprep "$@"')
    return folder


@pytest.fixture
def whole(here: Path, vocab: Path, tmp_path: Path) -> dict[str, bytes]:
    return contents(made_by("make-instances", here / "corpus", "--vocab", vocab, output=tmp_path / "alone"))


def tasks_below(pid: int) -> list[psutil.Process]:
    """Return the commands of zhprep that a process has started, at any depth."""
    found = []
    with contextlib.suppress(psutil.Error):  # one may be gone, or dead and not yet waited for
        for one in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if one.cmdline()[1:4] == ["-m", "zhprep", "make-instances"]:
                    found.append(one)
    return found


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("parallel") is None, reason="GNU parallel is not installed")
@rounds(8, 1, 12)
def test_gnu_parallel_with_jobs_killed(
    n: int, here: Path, vocab: Path, whole: dict[str, bytes], tried: Callable[[], None]
) -> None:
    """A job is tried three times; so two are killed in a run of the script. On a fast machine it may end before."""
    chance = random.Random(n)
    for number in range(5 * n):
        command = [SCRIPTS / "parallel.sh", here / "corpus", vocab, here / f"data-{number}", "4"]
        options = with_programs(here, JOBS="2", PARALLEL_HOME=str(here / "home"))
        with subprocess.Popen(command, env=options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as started:
            for _ in range(min(n, 2)):
                if killed_a_job(started, chance):
                    tried()
                    n -= 1
            said, _ = started.communicate(timeout=patience(300))
        assert started.returncode == 0, said.decode()
        assert contents(here / f"data-{number}") == whole
        if not n:
            return
    pytest.fail(f"{n} jobs were never there to kill")


@pytest.mark.skipif(shutil.which("parallel") is None, reason="GNU parallel is not installed")
@pytest.mark.parametrize("hosts", ["", "--sshlogin one,two"], ids=["here", "on others"])
def test_gnu_parallel_with_relative_paths_in_a_task_of_an_array(
    hosts: str, here: Path, vocab: Path, whole: dict[str, bytes]
) -> None:
    """What stands in for `ssh HOST -- COMMAND` begins at home, where nothing lies, as that does; it names no shell.

    The jobs are told apart by their own numbers, not by that of the task in which all of them run.
    """
    home = here.parent / "home"
    home.mkdir()
    put_program(here / "bin" / "ssh", 'unset SHELL && shift 2 && cd && exec bash -c "$*"')
    options = with_programs(
        here, JOBS="1", PARALLEL_OPTIONS=hosts, PARALLEL_SSH="ssh", HOME=str(home), PARALLEL_HOME=str(home),
        SLURM_ARRAY_TASK_ID="1",
    )  # fmt: skip
    shutil.copytree(vocab, here / "vocab")
    command = [SCRIPTS / "parallel.sh", "corpus", "vocab", "data", "2"]
    done = subprocess.run(command, cwd=here, env=options, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert contents(here / "data") == whole


def killed_a_job(command: subprocess.Popen[bytes], chance: random.Random) -> bool:
    """Return whether a task of ``command`` was killed at some moment of its life: none is where all have ended."""
    wait_until(lambda: command.poll() is not None or tasks_below(command.pid), 120)
    time.sleep(chance.random() / 2)
    jobs = tasks_below(command.pid)
    chance.shuffle(jobs)
    for job in jobs:
        with contextlib.suppress(psutil.NoSuchProcess):
            job.send_signal(signal.SIGKILL)
            return True
    return False


def test_the_pods_of_kubernetes(
    here: Path, vocab: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((SCRIPTS / "kubernetes.yaml").read_text("utf-8"))["spec"]
    assert job["completionMode"] == "Indexed"
    (container,) = job["template"]["spec"]["containers"]
    assert container["command"][0] == "zhprep"
    places = {
        "/mnt/zhprep/corpus": str(here / "corpus"),
        "/mnt/zhprep/vocab": str(vocab),
        "/mnt/zhprep/data": str(here / "data"),
    }
    command = [places.get(part, part) for part in container["command"][1:]]
    assert int(command[command.index("--num-shards") + 1]) == job["completions"]
    for index in reversed(range(job["completions"])):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        result = zhprep(*command, "--quiet")
        assert (result.code, result.err) == (0, "")
    assert contents(here / "data") == whole


@dataclasses.dataclass
class Array:
    """The script for Slurm, on two nodes."""

    here: Path
    options: dict[str, str]
    command: list[object]

    def submit(self) -> None:
        subprocess.run(self.command, env=self.options, capture_output=True, check=True, timeout=patience(60))  # type: ignore[arg-type]

    def asked(self, *command: str) -> str:
        return subprocess.run(command, env=self.options, capture_output=True, check=True, text=True).stdout.strip()

    def wait(self) -> None:
        wait_until(lambda: not self.asked("squeue", "--noheader"), 400, every=0.2)

    def said(self) -> str:
        return "".join(path.read_text("utf-8") for path in self.here.parent.glob("log-*"))


@pytest.fixture
def array(here: Path, vocab: Path, slurm: dict[str, str]) -> Array:
    options = with_programs(here, SBATCH_OPTIONS=f"--output={here.parent}/log-%A-%a.txt", **slurm)
    return Array(here, options, [SCRIPTS / "slurm.sh", here / "corpus", vocab, here / "data", "4"])


@pytest.mark.slow
@fault(8, 2)
def test_an_array_of_slurm_with_a_task_killed(
    array: Array, whole: dict[str, bytes], tried: Callable[[int], None]
) -> None:
    """Slurm does not put it into the queue again: the job after it is not run, and the script is run again."""
    array.submit()
    tasks = wait_until(lambda: tasks_of_slurm(array.here), 120)
    with contextlib.suppress(psutil.NoSuchProcess):
        tasks[0].kill()
    array.wait()
    if not (array.here / "data" / "manifest.json").exists():
        assert "Error" not in array.said()  # the shell may say "Killed"
        array.submit()
        array.wait()
    assert contents(array.here / "data") == whole, array.said()
    tried(2)


def test_the_job_that_finishes_an_array_of_one_of_several_clusters(
    here: Path, vocab: Path, whole: dict[str, bytes]
) -> None:
    """Several clusters need a data base: what stands in for `sbatch` says what it was asked, and an id as with them."""
    data = made_by("make-instances", here / "corpus", "--vocab", vocab, output=here / "汉 d")
    put_program(here / "bin" / "sbatch", 'printf "%s\\0" "$@" "seq=${PARALLEL_SEQ:-}" >>"$ASKED"', 'echo "17;east"')
    options = with_programs(here, ASKED=str(here / "asked"), LC_ALL="C", MARGIN="300", PARALLEL_SEQ="3")
    command = [SCRIPTS / "slurm.sh", here / "corpus", vocab, data, "4"]
    subprocess.run(command, env=options, capture_output=True, check=True)
    asked = (here / "asked").read_text("utf-8").split("\0")
    assert "--dependency=afterok:17" in asked
    assert "--signal=B:USR1@300" in asked
    assert asked.count("seq=") == 2  # else each task had the number of a job of GNU parallel beside its own
    subprocess.run(["sh", "-c", asked[asked.index("--wrap") + 1]], env=options, capture_output=True, check=True)
    assert contents(data) == whole


@pytest.mark.parametrize("slow", ["", 'trap() { sleep 0.5; builtin trap "$@"; }'])
def test_a_task_says_how_what_it_ran_ended_however_soon(slow: str, here: Path) -> None:
    """Else the jobs that wait for an array to end well would begin."""
    put_program(here / "bin" / "zhprep", "exit 7")
    (here / "slow.sh").write_text(slow, "utf-8")
    options = with_programs(here, BASH_ENV=str(here / "slow.sh"))
    assert subprocess.run(["bash", SCRIPTS / "slurm-task.sh", "plan"], env=options, check=False).returncode == 7


@pytest.mark.slow
@pytest.mark.nightly  # a task that goes back into the queue waits there for two minutes
@fault(8, 1)
def test_a_task_whose_time_is_up_goes_back_into_the_queue(
    array: Array, whole: dict[str, bytes], tried: Callable[[], None]
) -> None:
    array.submit()
    tasks = wait_until(lambda: tasks_of_slurm(array.here), 120)
    job = tasks[0].environ()["SLURM_JOB_ID"]
    array.asked("scancel", "--batch", "--signal=USR1", job)
    wait_until(lambda: "Restarts=1" in array.asked("scontrol", "--oneliner", "show", "job", job), 120, every=0.2)
    array.wait()
    assert contents(array.here / "data") == whole, array.said()
    tried()


def tasks_of_slurm(here: Path) -> list[psutil.Process]:
    """Return the tasks that work on the folder ``here``, whoever started them."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = one.cmdline()
            if line[1:4] == ["-m", "zhprep", "make-instances"] and str(here / "corpus") in line:
                found.append(one)
    return found


def test_nodes_do_not_wait_for_ever_for_a_head_that_does_not_listen(here: Path) -> None:
    """What stands in for `srun` runs the task of another node than the head."""
    for name, does in {
        "scontrol": "echo head", "getent": "echo 127.0.1.1 head", "hostname": "echo 127.9.9.9 172.17.0.1",
        "srun": 'shift 2; export SLURM_PROCID=1; exec "$@"', "ray": "echo began",
    }.items():  # fmt: skip
        put_program(here / "bin" / name, does)
    options = with_programs(here, PATIENCE="2", SLURM_JOB_NODELIST="head,other", SLURM_NNODES="2")
    command = ["bash", SCRIPTS / "ray.sbatch", here / "corpus", "vocab", here / "data"]
    done = subprocess.run(command, env=options, capture_output=True, text=True, check=False, timeout=patience(60))
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody listens at 127.9.9.9:6379" in done.stderr


ALONE = ("unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child")
"""What gives a command a network, processes and mounts of its own: they end with it."""


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("own_name", ["address", "loopback"])
def test_ray_that_slurm_starts_on_two_hosts(
    own_name: str, here: Path, vocab: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ray stop`, at the end of the script, ends all of Ray on a machine: so each node is one of its own.

    Its own name is to each its address, or 127.0.1.1 as on Debian: there the others cannot reach the head.
    """
    monkeypatch.setenv("OWN_NAME", own_name)
    pytest.importorskip("ray", reason="ray is not installed (pip install 'zhprep[ray]')")
    missing = slurm_nodes.why_not() or next((f"no {name}" for name in ("unshare", "ip") if not shutil.which(name)), "")
    if missing or subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip(missing or "no namespaces here")
    put_program(here / "bin" / "ray", f'exec "{sys.executable}" -m ray.scripts.scripts "$@"')
    asks = 'import ray; ray.init("auto"); print("cores:", ray.cluster_resources()["CPU"])'
    put_program(here / "bin" / "zhprep", f"'{sys.executable}' -c '{asks}'", f"exec '{sys.executable}' -m zhprep \"$@\"")
    top, log = here.parent / "hosts", here.parent / "log.txt"
    top.mkdir()
    submit = ["sbatch", "--wait", "--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1", f"--output={log}"]
    line = [*submit, SCRIPTS / "ray.sbatch", here / "corpus", vocab, here / "data"]
    hosts = PACKAGE_PARENT / "tests" / "slurm_hosts.sh"
    command = ["timeout", "-k", "5", patience(240), *ALONE, hosts, top, *line]
    done = subprocess.run(list(map(str, command)), env=with_programs(here), capture_output=True, text=True, check=False)
    said = log.read_text("utf-8") if log.exists() else done.stderr
    assert done.returncode == 0, said
    assert "On head node" in said
    assert "On worker node" in said
    assert "cores: 2.0" in said  # one of each node, as was asked for
    assert contents(here / "data") == whole
