# SPDX-License-Identifier: GPL-2.0-or-later
"""Real programs as subjects: a database with its data, an interpreter with threads, a server with workers."""
import shutil
import subprocess

from .subject import BOARD, FOLDER, Board, Failed, Subject, WORDS, folder_make

# Sixteen threads that count, and one that measures its gaps: it writes to the board what bench/life.c does.
PYTHON = f"""
import mmap, os, struct, threading, time
board = mmap.mmap(os.open({BOARD!r}, os.O_RDWR), {8 * len(WORDS)})
def put(word, value):
    struct.pack_into("=Q", board, 8 * {WORDS!r}.index(word), value)
def get(word):
    return struct.unpack_from("=Q", board, 8 * {WORDS!r}.index(word))[0]
def count():
    n = 0
    while True:
        n += 1
        time.sleep(0.005)
for _ in range(16):
    threading.Thread(target=count, daemon=True).start()
data = [os.urandom(1000) for _ in range(20000)]
parent = os.getppid()
put("nr_built", 1)
last = time.monotonic_ns()
while True:
    turn = time.monotonic_ns()
    if os.getppid() != parent:
        put("clone", time.monotonic_ns())
        while True:
            time.sleep(1000)
    if turn - last > get("gap"):
        put("gap", turn - last)
    put("turns", get("turns") + 1)
    last = turn
"""

NGINX = f"""
worker_processes 4;
daemon off;
pid {FOLDER}/nginx.pid;
error_log {FOLDER}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; server {{ listen 127.0.0.1:18080; root {FOLDER}; }} }}
"""


def need(name):
    if not shutil.which(name):
        raise Failed(f"there is no {name} here")
    folder_make()


def succeeds(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def redis(mib=256):
    need("redis-server")
    socket = f"{FOLDER}/redis.sock"
    subject = Subject(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", FOLDER,
                       "--enable-debug-command", "yes"])
    try:
        subject.wait_ready(lambda: succeeds("redis-cli", "-s", socket, "ping"))
        # Values of 8 KiB: what counts is the memory, and making few of them is soon done.
        if not succeeds("redis-cli", "-s", socket, "debug", "populate", str(mib * 128), "key", "8192"):
            raise Failed("redis-server does not take its data")
    except Failed:
        subject.end()
        raise
    return subject


def python():
    need("python3")
    with open(BOARD, "wb") as board:
        board.truncate(8 * len(WORDS))
    subject = Subject(["python3", "-c", PYTHON])
    subject.board = Board(BOARD)
    try:
        subject.wait_ready(lambda: subject.board["nr_built"])
    except Failed:
        subject.end()
        raise
    return subject


def nginx():
    need("nginx")
    with open(f"{FOLDER}/nginx.conf", "w", encoding="ascii") as conf:
        conf.write(NGINX)
    subject = Subject(["nginx", "-c", f"{FOLDER}/nginx.conf"])
    try:
        subject.wait_ready(lambda: len(subject.cgroup.pids()) == 5)
    except Failed:
        subject.end()
        raise
    return subject
