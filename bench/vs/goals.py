# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers that are aimed at: each a ratio of two medians of one run."""
from dataclasses import dataclass


@dataclass
class Goal:
    name: str
    sentence: str
    limit: float
    over: tuple
    under: tuple


GOALS = [
    Goal("G1", "pause / sum of plain fork(), 4 processes of 64 MiB on one CPU", 1.2,
         ("cpus/1", "ptree-direct", "pause"), ("cpus/1", "fork", "pause")),
    Goal("G1", "pause / sum of plain fork(), 4 processes of 64 MiB on two CPUs", 0.75,
         ("cpus/2", "ptree-direct", "pause"), ("cpus/2", "fork", "pause")),
    Goal("G2", "total / fork(), one process of 4 MiB", 10,
         ("memory/4", "ptree-direct", "total"), ("memory/4", "fork", "pause")),
    Goal("G2", "total / dump and restore, one process of 4 MiB", 1 / 50,
         ("memory/4", "ptree-direct", "total"), ("memory/4", "criu", "total")),
    Goal("G2", "total over D-Bus / dump and restore, one process of 4 MiB", 1 / 20,
         ("memory/4", "ptree-bus", "total"), ("memory/4", "criu", "total")),
    Goal("G3", "pause / (fork() and pthread_create()), 1000 threads", 1.5,
         ("threads/1000", "ptree-direct", "pause"), ("threads/1000", "fork", "total")),
    Goal("G4", "total / dump and restore, 1 GiB", 1 / 200,
         ("memory/1024", "ptree-direct", "total"), ("memory/1024", "criu", "total")),
    Goal("G5", "slowdown / slowdown by plain fork(), 64 MiB", 1.1,
         ("memory/64", "ptree-direct", "slowdown"), ("memory/64", "fork", "slowdown")),
    Goal("G5", "slowdown / slowdown by plain fork(), 1 GiB", 1.1,
         ("memory/1024", "ptree-direct", "slowdown"), ("memory/1024", "fork", "slowdown")),
    Goal("processes", "pause of 1000 processes / of 500", 2.2,
         ("processes/1000", "ptree-direct", "pause"), ("processes/500", "ptree-direct", "pause")),
    Goal("threads", "pause of 1000 threads / of 500", 2.2,
         ("threads/1000", "ptree-direct", "pause"), ("threads/500", "ptree-direct", "pause")),
    Goal("descriptors", "total / dump and restore, 10,000 descriptors", 0.2,
         ("descriptors/10000", "ptree-direct", "total"), ("descriptors/10000", "criu", "total")),
]


def derived(results):
    """What is no ratio of two medians as they are: (name, sentence, limit, value, unit)."""
    pss = results.median("memory/1024", "ptree-direct", "pss")
    if pss is not None:
        yield "G4", "memory added (PSS) / resident memory, 1 GiB", 0.01, pss / (1 << 30), "ratio"
    few, many = (results.median(f"descriptors/{n}", "ptree-direct", "pause") for n in (10, 10000))
    if few is not None and many is not None:
        yield "descriptors", "pause for one more descriptor, of 10,000", 30, (many - few) / 9990, "us"


def judge(results):
    """(name, sentence, limit, value, unit, reached) of all that this run can tell."""
    for goal in GOALS:
        value = results.ratio(goal.over, goal.under)
        if value is not None:
            yield goal.name, goal.sentence, goal.limit, value, "ratio", value <= goal.limit
    for name, sentence, limit, value, unit in derived(results):
        yield name, sentence, limit, value, unit, value <= limit
