# SPDX-License-Identifier: GPL-2.0-or-later
"""CRIU: dump with --leave-running, restore in namespaces of its own, images on tmpfs; and its statistics."""
import os
import shutil
import signal
import struct
import subprocess
import time

from . import cgroup
from .subject import Failed

IMAGES = "/dev/shm/ptree-bench-criu"
# stats.proto of CRIU 4.1: times in microseconds.
DUMP_STATS = {1: "freezing_usec", 2: "frozen_usec", 3: "memdump_usec", 4: "memwrite_usec", 7: "pages_written"}
RESTORE_STATS = {3: "forking_usec", 4: "restore_usec"}
# pid 1 of the new pid namespace: it stays, and says when CRIU has said that the restored tree runs.
INIT = """
ip link set lo up 2>/dev/null
criu restore -d -D "$1" -o restore.log -v1 --tcp-close --ext-unix-sk --manage-cgroups=ignore </dev/null >/dev/null 2>&1
echo $?
exec sleep infinity </dev/null >/dev/null 2>&1
"""


def version():
    try:
        out = subprocess.run(["criu", "--version"], capture_output=True, text=True, check=True).stdout
        return out.split()[1]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def message(data):
    """A protobuf message's numbers and inner messages, by field."""
    fields, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            fields[key >> 3], at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            fields[key >> 3] = data[at:at + size]
            at += size
        else:
            break
    return fields


def stats(name, inner, names):
    """An image is two magic numbers, a length and a message; inside it one for dump (1) and one for restore (2)."""
    with open(f"{IMAGES}/{name}", "rb") as image:
        data = image.read()
    size = struct.unpack_from("=I", data, 8)[0]
    found = message(message(data[12:12 + size]).get(inner, b""))
    return {names[field]: value for field, value in found.items() if field in names}


def last_error(log):
    try:
        with open(f"{IMAGES}/{log}", encoding="utf-8", errors="replace") as file:
            errors = [line.strip() for line in file if "Error" in line]
    except OSError:
        errors = []
    # The first says what could not be done, the last only that it failed.
    return errors[0] if errors else "it does not say why"


class Criu:
    """One dump and restore at a time."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.cgroup = cgroup.Cgroup("criu")
        self.init = None

    def dump(self, pid):
        shutil.rmtree(IMAGES, ignore_errors=True)
        os.mkdir(IMAGES)
        command = ["criu", "dump", "-t", str(pid), "--leave-running", "-D", IMAGES, "-o", "dump.log", "-v1",
                   "--tcp-established", "--ext-unix-sk", "--manage-cgroups=ignore"]
        begin = time.monotonic_ns()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as dump:
            try:
                status = dump.wait(self.seconds)
            except subprocess.TimeoutExpired:
                # Not SIGKILL: it lets the tree run on before it ends.
                dump.send_signal(signal.SIGTERM)
                dump.wait()
                raise Failed(f"criu dump is not done within {self.seconds} s") from None
        if status != 0:
            raise Failed(f"criu dump: {last_error('dump.log')}")
        return begin, time.monotonic_ns()

    def restore(self):
        command = ["unshare", "--pid", "--net", "--ipc", "--mount-proc", "--fork", "--kill-child",
                   "sh", "-c", INIT, "sh", IMAGES]
        self.init = subprocess.Popen(command, preexec_fn=self.cgroup.enter, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        os.set_blocking(self.init.stdout.fileno(), False)
        end = time.monotonic() + self.seconds
        while not (said := self.init.stdout.read()):
            if time.monotonic() > end:
                raise Failed(f"criu restore is not done within {self.seconds} s")
            time.sleep(0.001)
        done = time.monotonic_ns()
        if said.strip() != b"0":
            raise Failed(f"criu restore: {last_error('restore.log')}")
        return done

    def stats(self):
        return {**stats("stats-dump", 1, DUMP_STATS), **stats("stats-restore", 2, RESTORE_STATS)}

    def end(self):
        if self.init:
            self.cgroup.end()
            self.init.wait()
            self.init.stdout.close()
            self.init = None
        shutil.rmtree(IMAGES, ignore_errors=True)
