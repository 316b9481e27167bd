"""What a heartbeat tells of the machine."""

from __future__ import annotations

import os
from pathlib import Path

from windlass_agent import machine
from windlass_agent.gpus import Gpus
from windlass_agent.sampler import PORTION, REST, SECTOR, Disks, Sampler, Weigher


def disk(root: Path, name: str, stat: str, device: bool = True) -> None:
    (root / name).mkdir()
    (root / name / "stat").write_text(stat)
    if device:
        (root / name / "device").touch()


def test_disks_count_their_own_bytes_and_no_loop_devices(tmp_path: Path) -> None:
    disk(tmp_path, "sda", "     10        0      100      5       20        0      300     7  0 1 2\n")
    disk(tmp_path, "nvme0n1", "1 0 7 0 1 0 9 0 0 0 0")
    disk(tmp_path, "loop0", "1 0 5000 0 1 0 5000 0 0 0 0", device=False)
    disk(tmp_path, "broken", "")
    found = Disks(tmp_path)
    assert found.bytes() == (107 * SECTOR, 309 * SECTOR)
    (tmp_path / "sda" / "stat").unlink()
    assert found.bytes() == (7 * SECTOR, 9 * SECTOR), "a disk that was taken out counts no more"
    assert Disks(tmp_path / "none").bytes() == (0, 0)


def test_blobs_are_weighed_a_portion_at_a_time(tmp_path: Path) -> None:
    many = PORTION * 2 + 10
    for number in range(many):
        folder = tmp_path / f"{number % 7:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"blob-{number}").write_bytes(b"x" * 10)
    weigher = Weigher(tmp_path)
    assert [weigher.step(1.0), weigher.step(2.0)] == [-1, -1]
    assert weigher.step(3.0) == many * 10
    (tmp_path / "00" / "blob-0").unlink()
    assert weigher.step(3.0 + REST / 2) == many * 10, "it rests between rounds"
    for turn in range(3):
        told = weigher.step(4.0 + REST + turn)
    assert told == (many - 1) * 10
    assert Weigher(tmp_path / "none").step(1.0) == 0


def test_what_the_kernel_counts_of_the_machine(tmp_path: Path) -> None:
    stat, net, memory = tmp_path / "stat", tmp_path / "net", tmp_path / "memory"
    tick = os.sysconf("SC_CLK_TCK")
    stat.write_text(" ".join(["cpu ", *(str(n * tick) for n in (5, 1, 2, 30, 4, 1, 1, 1, 100, 100))]) + "\ncpu0 1 2\n")
    assert machine.cpu_times(str(stat)) == (11.0, 45.0), "idle and waiting for disks is not busy; guests count once"
    net.write_text(
        "Inter-|   Receive                |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast"
        "|bytes packets\n    lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n  eth0: 70 1 0 0 0 0 0 0 30 1 0 0 0 0 0 0\n"
        "eth0:1:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n"
    )
    assert machine.network(str(net)) == (75, 36), "without loopback; a name may have a colon"
    memory.write_text("MemTotal:  100 kB\nMemFree:  10 kB\nMemAvailable:  40 kB\nBuffers: 5 kB\n")
    assert machine.memory(str(memory)) == (102400, 40960)
    memory.write_text("MemTotal:  100 kB\nMemAvailable:  400 kB\n")
    assert machine.memory(str(memory)) == (102400, 102400), "some containers see another machine's"
    for file in (tmp_path / "none", tmp_path):
        assert machine.cpu_times(str(file)) == machine.network(str(file)) == machine.memory(str(file)) == (0, 0)
    stat.write_text("cpu one two\n")
    assert machine.cpu_times(str(stat)) == (0, 0)


def test_a_sample_is_whole(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "one").write_bytes(b"12345")
    sample = Sampler(tmp_path, Gpus()).sample()
    assert 0 < sample.disk_free <= sample.disk_total
    assert 0 < sample.memory <= sample.memory_total
    assert 0 <= sample.cpu <= 1
    assert sample.kept == 5
    assert min(sample.net_in, sample.net_out, sample.disk_read, sample.disk_written) >= 0
