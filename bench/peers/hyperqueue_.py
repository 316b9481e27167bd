"""HyperQueue: its local cluster in a process of its own (server and a worker with two CPUs), jobs by its Python API.

The package of PyPI has no `hq` program; its server is the same code. Every task's output goes to files, as it comes.
Its `wait_for_jobs` looks once a second, so the end is told by a last task that needs all others and writes to a pipe.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from hyperqueue import Client, Job, LocalCluster
from hyperqueue.cluster import WorkerConfig
from hyperqueue.task.function import PythonEnv
from work import SLOTS, Contestant, main, no_op

READY = "bench-ready"


class HyperQueue(Contestant):
    name = "hyperqueue"

    def start(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="bench-hq-")
        os.chdir(self.folder)
        self.processes: list[subprocess.Popen] = []
        self.pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(self.pipe)
        self.client = self._cluster(SLOTS)

    def _cluster(self, slots: int) -> Client:
        command = [sys.executable, __file__, "serve", str(slots)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, text=True, **pipes)
        self.processes.append(process)
        lines = (line.split() for line in process.stdout)
        return Client(next(words[1] for words in lines if words and words[0] == READY), PythonEnv(sys.executable))

    def stop(self) -> None:
        for process in self.processes:
            process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, job: Job, ends: list) -> None:
        """Submit, and return when a task after `ends` has run."""
        job.program(["/bin/sh", "-c", f"echo > {self.pipe}"], deps=ends)
        self.client.submit(job)
        with open(self.pipe) as pipe:
            pipe.read()

    def functions(self, count: int) -> None:
        job = Job()
        self._run(job, [job.function(no_op, args=(number,)) for number in range(count)])

    def commands(self, count: int) -> None:
        job = Job()
        self._run(job, [job.program(["/bin/true"]) for _ in range(count)])

    def command(self, number: int) -> None:
        """The task that tells its end is the one task."""
        self._run(Job(), [])

    def command_chain(self, length: int) -> None:
        job, before = Job(), []
        for _ in range(length):
            before = [job.program(["/bin/true"], deps=before)]
        self._run(job, before)

    def command_fan(self, width: int) -> None:
        job = Job()
        first = job.program(["/bin/true"])
        self._run(job, [job.program(["/bin/true"], deps=[first]) for _ in range(width)])

    def waiting(self, count: int) -> float:
        client = self._cluster(0)
        before = None
        for size in (10, count):
            job = Job()
            for _ in range(size):
                job.program(["/bin/true"])
            client.submit(job)
            if before is None:
                before = _private(self.processes[-1].pid)
        return (_private(self.processes[-1].pid) - before) / count


def _private(pid: int) -> int:
    """Bytes of memory that are the process's own."""
    fields = ("Private_Clean:", "Private_Dirty:")
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(fields))


def serve(slots: int) -> None:
    """The cluster's process: says where it is, and ends with its standard input."""
    cluster = LocalCluster(None, WorkerConfig(cores=slots) if slots else None)
    print(READY, cluster.cluster.server_dir, flush=True)
    sys.stdin.read()
    os._exit(0)  # its own way of stopping waits for its workers


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        main(HyperQueue())
