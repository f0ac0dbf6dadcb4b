#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sixteen threads, fifteen of which count in memory. usage: counters.py DIRECTORY

Five times a second the sixteenth writes a line to DIRECTORY/counters.PID.NAMESPACE: the sum, the threads that counted
since the last line, getpid(), and the ids of the threads as they see themselves. The pid is the same in a process and its
clone, the pid namespace another. SIGUSR1 makes every step a hundred times longer.
"""
import os
import signal
import sys
import threading
import time

WORKERS = 15
counts = [0] * WORKERS
ids = [0] * WORKERS
step = 1


def work(index):
    while True:
        counts[index] += step
        ids[index] = threading.get_native_id()
        time.sleep(0.05)


def faster(_signal, _frame):
    global step
    step *= 100


def main():
    directory = sys.argv[1]
    signal.signal(signal.SIGUSR1, faster)
    for index in range(WORKERS):
        threading.Thread(target=work, args=(index,), daemon=True).start()
    before = list(counts)
    while True:
        time.sleep(0.2)
        now = list(counts)
        moved = sum(a != b for a, b in zip(before, now))
        before = now
        namespace = os.stat("/proc/self/ns/pid").st_ino
        path = f"{directory}/counters.{os.getpid()}.{namespace}"
        with open(path + ".new", "w", encoding="ascii") as out:
            print(sum(now), moved, os.getpid(), ",".join(map(str, ids)), file=out)
        os.rename(path + ".new", path)


main()
