# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: trees of bench/subject, and real programs. Each runs alone in a cgroup of its own, as a service does."""
import mmap
import os
import shutil
import struct
import subprocess
import time

from . import cgroup

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
# On tmpfs, and not in /dev/shm: files there are shared memory, of which a clone has its own.
FOLDER = "/run/ptree-bench"
BOARD = f"{FOLDER}/board"
READY_SECONDS = 300
WORDS = ("nr_ready", "nr_built", "command", "gap", "turns", "writes", "clone", "fork", "forked", "failed")
FORK, KEEP, DROP = 1, 2, 3


class Failed(Exception):
    """Something cannot be measured; the sentence says why."""


def folder_make():
    """An empty one: what earlier subjects had in it is gone."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.mkdir(FOLDER)


def program(name):
    """A program of this benchmark: beside the sources, in a build folder, or installed."""
    for folder in (os.environ.get("PTREE_BENCH_DIR"), HERE, f"{HERE}/../build/bench", "/usr/libexec/ptree/bench",
                   "/usr/local/libexec/ptree/bench"):
        if folder and os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    raise Failed(f"there is no {name}: build with -Dlab-tests=true, or set PTREE_BENCH_DIR")


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what} within {seconds} s")
        time.sleep(0.001)


class Board:
    """See bench/board.h."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8 * len(WORDS))

    def __getitem__(self, word):
        return struct.unpack_from("=Q", self.map, 8 * WORDS.index(word))[0]

    def __setitem__(self, word, value):
        struct.pack_into("=Q", self.map, 8 * WORDS.index(word), value)

    def ask(self, command, seconds=300):
        self["command"] = command
        wait_until(lambda: self["command"] == 0, seconds, "the subject does not answer")


class Subject:
    """A tree that runs: .pid its root, .cgroup where it is, .board None where nobody tells from inside."""

    def __init__(self, command, cpus=None, **environment):
        self.cgroup = cgroup.Cgroup("source")
        self.cpus = cpus
        self.log = open(f"{FOLDER}/log", "w+b")
        self.process = subprocess.Popen(command, preexec_fn=self.prepare, start_new_session=True, cwd="/",
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, **environment})
        self.pid = self.process.pid
        self.board = None

    def prepare(self):
        self.cgroup.enter()
        if self.cpus:
            os.sched_setaffinity(0, self.cpus)

    def wait_ready(self, condition):
        def ready():
            if self.process.poll() is not None:
                self.log.seek(0)
                raise Failed("the subject has ended: " + self.log.read().decode(errors="replace").strip()[-300:])
            return condition()
        wait_until(ready, READY_SECONDS, "the subject is not ready")

    def end(self):
        self.cgroup.end()
        self.process.wait()
        self.log.close()


def tree(shape, cpus=None):
    """A tree of bench/subject. shape: its options as a dict, without the dashes."""
    folder_make()
    options = [f"--{name}" if value is True else f"--{name}={value}" for name, value in shape.items()]
    subject = Subject([program("ptree-bench-subject"), f"--board={BOARD}", *options], cpus)
    try:
        subject.wait_ready(lambda: os.path.exists(BOARD) and os.path.getsize(BOARD) >= 8 * len(WORDS))
        subject.board = Board(BOARD)
        subject.wait_ready(lambda: subject.board["nr_built"])
        if subject.board["failed"]:
            raise Failed(f"the subject cannot be built: {os.strerror(subject.board['failed'])}")
    except Failed:
        subject.end()
        raise
    return subject
