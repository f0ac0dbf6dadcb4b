# SPDX-License-Identifier: GPL-2.0-or-later
"""Cgroups of the benchmark's own, and the memory of what is in them."""
import os
import time

ROOT = "/sys/fs/cgroup"


class Cgroup:
    """A cgroup below /ptree-bench, where no service manager puts its hand in."""

    def __init__(self, name):
        self.path = f"/ptree-bench/{name}"
        self.directory = ROOT + self.path
        for directory in (os.path.dirname(self.directory), self.directory):
            if not os.path.isdir(directory):
                os.mkdir(directory)
                give_memory(os.path.dirname(directory))

    def enter(self):
        """The calling process goes in: for preexec_fn."""
        with open(f"{self.directory}/cgroup.procs", "w", encoding="ascii") as procs:
            procs.write("0")

    def end(self):
        """Kills all that is in it, and waits until it is gone."""
        with open(f"{self.directory}/cgroup.kill", "w", encoding="ascii") as kill:
            kill.write("1")
        while self.pids():
            time.sleep(0.002)

    def remove(self):
        self.end()
        os.rmdir(self.directory)

    def pids(self):
        return pids(self.path)


def give_memory(directory):
    """Has the memory of the cgroups below counted, where that can be had."""
    try:
        with open(f"{directory}/cgroup.subtree_control", "w", encoding="ascii") as control:
            control.write("+memory")
    except OSError:
        pass


def pids(path):
    with open(f"{ROOT}{path}/cgroup.procs", encoding="ascii") as procs:
        return [int(line) for line in procs]


def memory_bytes(path):
    """What the memory controller has charged to a cgroup; None where it does not count."""
    try:
        with open(f"{ROOT}{path}/memory.current", encoding="ascii") as current:
            return int(current.read())
    except OSError:
        return None


def rollup(processes, field):
    """The sum of one field of smaps_rollup, in bytes. A process that has gone has none."""
    total = 0
    for pid in processes:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as smaps:
                total += sum(int(line.split()[1]) for line in smaps if line.startswith(field + ":"))
        except OSError:
            pass
    return total * 1024


def available_mib():
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        for line in meminfo:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return 0
