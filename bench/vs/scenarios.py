# SPDX-License-Identifier: GPL-2.0-or-later
"""
What is measured. A scenario's name is GROUP/X: the group is the axis of a plot, X where on it. Four processes of 64 MiB
stand for G1, on one CPU and on two; slow says that the second after the copy is looked at as well (G5).
"""
from dataclasses import dataclass, field
from typing import Callable

from . import programs
from .subject import tree


@dataclass
class Scenario:
    name: str
    shape: dict = field(default_factory=dict)
    cpus: tuple = None
    slow: bool = False
    quick: bool = False
    program: Callable = None

    def start(self):
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


ALL = [
    memory(4, quick=True), memory(16), memory(64, slow=True, quick=True), memory(256), memory(1024, slow=True), memory(2048),
    memory(4, huge=True), memory(64, huge=True, slow=True), memory(256, huge=True), memory(1024, huge=True),
    memory(2048, huge=True),
    one("processes", "processes", 1), one("processes", "processes", 10, quick=True), one("processes", "processes", 100),
    one("processes", "processes", 500), one("processes", "processes", 1000),
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
