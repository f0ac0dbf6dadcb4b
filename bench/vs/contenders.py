# SPDX-License-Identifier: GPL-2.0-or-later
"""
Who is measured: plain fork(), ptree in the caller's process, ptree by way of ptreed, and CRIU.

run(subject, memory) makes one copy of the subject and ends it; it returns what was measured, in microseconds and bytes:
  pause     as the contender reports it          gap    as the subject's own loop has seen it
  total     from the request to the first turn of the copy's loop; where nobody tells that from inside (real programs),
            until the contender says that it is done
  step:X    the parts of the total               pss, cgroup   memory added, if memory is true
"""
import json
import subprocess
import time

from . import cgroup
from .criu import Criu
from .subject import DROP, FORK, KEEP, Failed, program, wait_until

FIRST_TURN_SECONDS = 60


class Contender:
    """What they have in common. keep() makes a copy that stays, and does nothing, until drop()."""

    def gap_begin(self, subject):
        if subject.board:
            subject.board["clone"] = subject.board["gap"] = 0

    def gap_end(self, subject, measured):
        if subject.board:
            measured["gap"] = subject.board["gap"] / 1000

    def first_turn(self, subject, begin, done):
        """In microseconds from begin; done is when the contender said so."""
        board = subject.board
        if not board:
            return (done - begin) / 1000
        wait_until(lambda: board["clone"], FIRST_TURN_SECONDS, "the copy takes no first turn")
        if not begin < board["clone"] <= time.monotonic_ns():
            raise Failed("the copy has another clock than its source")
        return (board["clone"] - begin) / 1000

    def close(self):
        pass


class Fork(Contender):
    name = "fork"

    def run(self, subject, memory):
        if not subject.board or "python" in subject.process.args[0]:
            raise Failed("a program that is not ours does not fork when it is asked")
        before = self.memory(subject) if memory else None
        subject.board.ask(FORK)
        measured = {"pause": subject.board["fork"] / 1000, "total": subject.board["forked"] / 1000}
        if memory:
            subject.board.ask(KEEP)
            measured["pss"] = self.memory(subject) - before
            subject.board.ask(DROP)
        return measured

    def memory(self, subject):
        return cgroup.rollup(subject.cgroup.pids(), "Pss")

    def keep(self, subject):
        subject.board.ask(KEEP)

    def drop(self, subject):
        subject.board.ask(DROP)


class Ptree(Contender):
    def __init__(self, way):
        self.name = f"ptree-{way}"
        self.place = cgroup.Cgroup("clone") if way == "direct" else None
        self.cloner = subprocess.Popen([program("ptree-bench-cloner"), way], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, request):
        try:
            self.cloner.stdin.write(request + "\n")
            answer = self.cloner.stdout.readline()
        except BrokenPipeError:
            answer = self.cloner.stdout.readline()
        if not answer:
            raise Failed("ptree's cloner has ended")
        answer = json.loads(answer)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def keep(self, subject):
        self.gap_begin(subject)
        answer = self.ask(f"clone {subject.pid} {self.place.path if self.place else ''}")
        try:
            answer["first_turn"] = self.first_turn(subject, answer["begin"], answer["end"])
        except Failed:
            self.drop(subject)
            raise
        return answer

    def drop(self, _subject):
        self.ask("end")

    def run(self, subject, memory):
        before = cgroup.rollup(subject.cgroup.pids(), "Pss") if memory else 0
        answer = self.keep(subject)
        try:
            measured = {"pause": answer["pause_usec"], "total": answer["first_turn"],
                        "call": (answer["end"] - answer["begin"]) / 1000}
            self.gap_end(subject, measured)
            for step, usec in answer["steps_usec"].items():
                measured[f"step:{step}"] = usec
            if memory:
                copy = cgroup.pids(answer["cgroup"])
                measured["pss"] = cgroup.rollup(subject.cgroup.pids() + copy, "Pss") - before
                measured["cgroup"] = cgroup.memory_bytes(answer["cgroup"])
        finally:
            self.drop(subject)
        return measured

    def close(self):
        self.cloner.stdin.close()
        self.cloner.wait()
        self.cloner.stdout.close()
        if self.place:
            self.place.remove()


class ByCriu(Contender):
    name = "criu"

    def __init__(self, seconds):
        self.criu = Criu(seconds)

    def keep(self, subject):
        self.gap_begin(subject)
        begin, dumped = self.criu.dump(subject.pid)
        measured = {}
        self.gap_end(subject, measured)
        done = self.criu.restore()
        measured["total"] = self.first_turn(subject, begin, done)
        measured["call"] = (done - begin) / 1000
        measured["step:dump"] = (dumped - begin) / 1000
        return measured

    def drop(self, _subject):
        self.criu.end()

    def run(self, subject, memory):
        processes = subject.cgroup.pids()
        rss = cgroup.rollup(processes, "Rss") >> 20
        if 2 * rss + 256 > cgroup.available_mib():
            raise Failed(f"criu needs twice the {rss} MiB of the tree, for images and copy; "
                         f"{cgroup.available_mib()} MiB are free")
        before = cgroup.rollup(processes, "Pss") if memory else 0
        try:
            measured = self.keep(subject)
            stats = self.criu.stats()
            measured["pause"] = stats.get("freezing_usec", 0) + stats.get("frozen_usec", 0)
            for step, usec in stats.items():
                measured[f"step:{step.removesuffix('_usec')}"] = usec
            if memory:
                copy = self.criu.cgroup.pids()
                measured["pss"] = cgroup.rollup(processes + copy, "Pss") - before
                measured["cgroup"] = cgroup.memory_bytes(self.criu.cgroup.path)
        finally:
            self.drop(subject)
        return measured

    def close(self):
        self.criu.cgroup.remove()
