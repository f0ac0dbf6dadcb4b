#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of redis that adds keys, one request after the other over one connection, until SIGTERM.

usage: adder.py SOCKET. Then it prints how many keys it added, and the longest time it waited for an answer, in
microseconds.
"""
import signal
import socket
import sys
import time

running = True


def stop(_signal, _frame):
    global running
    running = False


def main():
    signal.signal(signal.SIGTERM, stop)
    added, longest = 0, 0.0
    with socket.socket(socket.AF_UNIX) as redis:
        redis.connect(sys.argv[1])
        while running:
            key = f"late:{added}"
            start = time.monotonic()
            redis.sendall(f"*3\r\n$3\r\nSET\r\n${len(key)}\r\n{key}\r\n$5\r\nvalue\r\n".encode())
            answer = redis.recv(64)
            longest = max(longest, time.monotonic() - start)
            if answer != b"+OK\r\n":
                sys.exit(f"redis answered {answer!r}")
            added += 1
            time.sleep(0.003)
    print(added, round(longest * 1e6))


main()
