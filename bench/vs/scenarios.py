# SPDX-License-Identifier: GPL-2.0-or-later
"""
What is measured. A scenario's name is GROUP/X: the group is the axis of a plot, X where on it. Four processes of 64 MiB
stand for G1, on one CPU and on two; slow says that the second after the copy is looked at as well (G5).
"""
from dataclasses import dataclass, field
from typing import Callable

from . import cgroup, programs
from .subject import Failed, tree


@dataclass
class Scenario:
    name: str
    shape: dict = field(default_factory=dict)
    cpus: tuple = None
    slow: bool = False
    quick: bool = False
    program: Callable = None

    def needs_mib(self):
        """What the tree has, and a quarter more for page tables and what copies write to."""
        return self.shape.get("mib", 4) * 5 // 4 * self.shape.get("processes", 1)

    def start(self):
        if self.needs_mib() > cgroup.available_mib():
            raise Failed(f"needs {self.needs_mib()} MiB; {cgroup.available_mib()} MiB are free")
        return self.program() if self.program else tree(self.shape, self.cpus)

    @property
    def group(self):
        return self.name.split("/")[0]

    @property
    def x(self):
        return self.name.split("/")[1]


def memory(mib, huge=False, **more):
    return Scenario(f"{'huge' if huge else 'memory'}/{mib}", {"mib": mib, **({"huge": True} if huge else {})}, **more)


def one(group, option, n, **more):
    return Scenario(f"{group}/{n}", {option: n}, **more)


def processes(n, **more):
    return Scenario(f"processes/{n}", {"processes": n, "mib": 1}, **more)


ALL = [
    memory(4, quick=True), memory(16), memory(64, slow=True, quick=True), memory(256), memory(1024, slow=True), memory(2048),
    memory(4, huge=True), memory(64, huge=True, slow=True), memory(256, huge=True), memory(1024, huge=True),
    memory(2048, huge=True),
    processes(1), processes(10, quick=True), processes(100), processes(500), processes(1000),
    one("threads", "threads", 1), one("threads", "threads", 10), one("threads", "threads", 100, quick=True),
    one("threads", "threads", 500), one("threads", "threads", 1000),
    one("descriptors", "descriptors", 10), one("descriptors", "descriptors", 100, quick=True),
    one("descriptors", "descriptors", 1000), one("descriptors", "descriptors", 10000),
    one("mappings", "mappings", 10), one("mappings", "mappings", 1000, quick=True), one("mappings", "mappings", 8000),
    Scenario("cpus/1", {"processes": 4, "mib": 64}, cpus=(0,), quick=True),
    Scenario("cpus/2", {"processes": 4, "mib": 64}, quick=True),
    Scenario("busy/4", {"processes": 4, "mib": 16, "threads": 4, "busy": True}, slow=True),
    Scenario("program/redis", program=programs.redis),
    Scenario("program/python", program=programs.python),
    Scenario("program/nginx", program=programs.nginx),
]
