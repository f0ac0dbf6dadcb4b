#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal without a window. usage: terminal.py DIR COMMAND…

COMMAND leads a session on a new pty of 24 lines. DIR/keys is a FIFO: what is written to it is typed. DIR/screen gets all
that is shown, DIR/pid the number of the command, DIR/status its exit status, or minus the signal that ended it.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def leave(directory, name, number):
    with open(f"{directory}/{name}.new", "w", encoding="ascii") as file:
        file.write(f"{number}\n")
    os.rename(f"{directory}/{name}.new", f"{directory}/{name}")


def main():
    directory, command = sys.argv[1], sys.argv[2:]
    os.mkdir(directory)
    os.mkfifo(f"{directory}/keys")
    pid, master = pty.fork()
    if pid == 0:
        # A shell that puts us into the background has them ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        os.execvp(command[0], command)
    keys = os.open(f"{directory}/keys", os.O_RDWR)
    with open(f"{directory}/screen", "wb", buffering=0) as screen:
        leave(directory, "pid", pid)
        while True:
            ready, _, _ = select.select([master, keys], [], [])
            if keys in ready:
                os.write(master, os.read(keys, 4096))
            if master in ready:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    break
                screen.write(data)
    _, status = os.waitpid(pid, 0)
    leave(directory, "status", os.waitstatus_to_exitcode(status))


main()
