# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples, their medians, the JSON lines they are told in, and the table."""
import json
import math


class Results:
    """By scenario, contender and what: samples. Or, by scenario and contender, why there are none."""

    def __init__(self, facts):
        self.facts = facts
        self.samples = {}
        self.reasons = {}

    def add(self, scenario, contender, measured):
        for what, value in measured.items():
            if value is not None:
                self.samples.setdefault((scenario, contender, what), []).append(value)

    def cannot(self, scenario, contender, why):
        self.reasons[scenario, contender] = why

    def median(self, scenario, contender, what):
        return quantile(self.samples.get((scenario, contender, what), []), 50)

    def ratio(self, over, under):
        """Of two medians, each a triple (scenario, contender, what); None if one is missing."""
        a, b = self.median(*over), self.median(*under)
        return a / b if a is not None and b else None

    def lines(self, scenario):
        """The JSON lines of one scenario."""
        for (name, contender, what), samples in self.samples.items():
            if name != scenario:
                continue
            unit = {"pss": "bytes", "cgroup": "bytes", "slowdown": "ratio", "step:pages_written": "pages"}.get(what, "us")
            yield self.line(scenario, contender, what=what, unit=unit, n=len(samples),
                            median=rounded(quantile(samples, 50)), p99=rounded(quantile(samples, 99)))
        for (name, contender), why in self.reasons.items():
            if name == scenario:
                yield self.line(scenario, contender, what="cannot", why=why)

    def line(self, scenario, contender, **more):
        return json.dumps({"bench": "ptree_vs_criu", **self.facts, "scenario": scenario, "contender": contender, **more})

    def read(self, line):
        """What another run has told: a median is a sample."""
        entry = json.loads(line)
        if entry.get("bench") != "ptree_vs_criu" or entry["scenario"] == "goals":
            return
        self.facts = {key: entry[key] for key in ("machine", "kernel", "commit", "criu") if key in entry}
        if entry["what"] == "cannot":
            self.cannot(entry["scenario"], entry["contender"], entry["why"])
        else:
            self.add(entry["scenario"], entry["contender"], {entry["what"]: entry["median"]})


def quantile(samples, percent):
    if not samples:
        return None
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def rounded(value):
    return round(value, 3 if abs(value) < 100 else 0)


def milliseconds(usec):
    if usec is None:
        return "-"
    msec = usec / 1000
    return f"{msec:.2f}" if msec < 10 else f"{msec:.1f}" if msec < 100 else f"{msec:.0f}"


def mebibytes(count):
    return "-" if count is None else f"{count / (1 << 20):.1f}"


HEAD = ("scenario", "contender", "n", "pause ms", "gap ms", "total ms", "slowdown", "pss MiB", "cgroup MiB")


def table(results, scenario, contenders):
    """The rows of one scenario."""
    for contender in contenders:
        if (scenario, contender) in results.reasons:
            yield f"{scenario:18} {contender:13} cannot: {results.reasons[scenario, contender]}"
        n = len(results.samples.get((scenario, contender, "total"), []))
        if not n:
            continue
        slowdown = results.median(scenario, contender, "slowdown")
        cells = [milliseconds(results.median(scenario, contender, what)) for what in ("pause", "gap", "total")]
        cells += ["-" if slowdown is None else f"{slowdown:.2f}"]
        cells += [mebibytes(results.median(scenario, contender, what)) for what in ("pss", "cgroup")]
        yield f"{scenario:18} {contender:13} {n:3} " + " ".join(f"{cell:>10}" for cell in cells)


def table_head():
    return f"{HEAD[0]:18} {HEAD[1]:13} {HEAD[2]:>3} " + " ".join(f"{cell:>10}" for cell in HEAD[3:])
