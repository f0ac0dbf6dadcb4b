# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that know nothing of us, cloned while they work: both go on.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT

LIMIT=120

need() { command -v "$1" >/dev/null || skip "there is no $1"; }

# Source and clone are there; $ROOT is the clone's root.
both_live()
{
	local pid
	ROOT=$(shown "$CLONE" RootPID)
	for pid in "$SOURCE" "$ROOT"; do
		! gone "$pid" || wrong "pid $pid is gone"
	done
	[[ $(inner_pid "$ROOT") = "$SOURCE" ]] || wrong "the clone's root sees itself as $(inner_pid "$ROOT")"
}

goes_on()
{
	local pid
	for pid; do
		switches "$pid"
		until_true 20 runs_on "$pid" "$SWITCHES" || wrong "pid $pid does not go on"
	done
}

test_redis_server_under_load()
{
	need redis-server
	local socket=$TEST/redis.sock load
	source_start redis-server --port 0 --unixsocket "$socket" --save '' --dir "$TEST" --io-threads 2
	until_true 60 redis-cli -s "$socket" ping >"$TEST/ping" 2>&1 || fail 'it does not answer'
	redis-cli -s "$socket" set lab cloned >/dev/null
	redis-benchmark -s "$socket" -t set,get -n 1000000 -q -c 5 >/dev/null 2>&1 &
	load=$!
	pause 1
	must_clone "$SOURCE"
	both_live
	kill "$load"
	# Its clock ticks ten times a second, with clients or without.
	goes_on "$SOURCE" "$ROOT"
	kill -TERM "$ROOT"
	until_true 20 gone "$ROOT" || wrong 'the clone does not end itself when it is told to'
	goes_on "$SOURCE"
}

test_python_with_threads()
{
	need python3
	cat >"$TEST/program.py" <<-'END'
		import os, sys, threading, time
		home = os.readlink('/proc/self/ns/pid')
		counts, lock, condition = [0] * 16, threading.Lock(), threading.Condition()
		def work(i):
		    while True:
		        with lock:
		            counts[i] += sum(range(100))
		        if i % 4 == 0:
		            with condition:
		                condition.wait(0.05)
		        else:
		            time.sleep(0.02)
		for i in range(16):
		    threading.Thread(target=work, args=(i,), daemon=True).start()
		open('ready', 'w').close()
		while not os.path.exists('go'):
		    time.sleep(0.05)
		side = 'source' if os.readlink('/proc/self/ns/pid') == home else 'clone'
		with lock:
		    before = list(counts)
		while not all(b > a for a, b in zip(before, counts)):
		    time.sleep(0.05)
		assert all(c % 4950 == 0 for c in counts)
		open(side, 'w').close()
		os._exit(0)
	END
	source_start python3 "$TEST/program.py"
	until_true 60 test -e ready || fail 'it is not ready'
	must_clone "$SOURCE"
	both_live
	: >go
	until_true 60 test -e source || wrong 'not all threads of the source go on'
	until_true 60 test -e clone || wrong 'not all threads of the clone go on'
}

test_a_bash_pipeline()
{
	local before
	cat >"$TEST/program.sh" <<-'END'
		trap 'echo $BASHPID $(readlink /proc/self/ns/pid) >>trapped' USR1
		i=0
		while sleep 0.05; do echo $(( ++i )); done | while read -r n; do echo "$n $(readlink /proc/self/ns/pid)" >>lines; done &
		while :; do wait; sleep 0.05; done
	END
	source_start bash "$TEST/program.sh"
	until_true 30 test -s lines || fail 'it writes nothing'
	must_clone "$SOURCE"
	both_live
	# Both write to the one file, each with its pid namespace.
	until_true 60 grep -qF "$(readlink "/proc/$ROOT/ns/pid")" lines || wrong 'the clone writes nothing'
	before=$(wc -l <lines)
	until_true 60 source_has_written || wrong 'the source writes nothing more'
	kill -USR1 "$ROOT"
	until_true 20 test -s trapped || wrong 'the clone does not run its trap'
}

source_has_written() { tail -n "+$(( before + 1 ))" lines | grep -qF "$(readlink "/proc/$SOURCE/ns/pid")"; }

test_nginx_with_workers()
{
	need nginx
	cat >nginx.conf <<-END
		daemon off;
		worker_processes 3;
		pid $TEST/nginx.pid;
		error_log $TEST/error.log;
		events { worker_connections 64; }
		http {
			access_log off;
			server { listen unix:$TEST/nginx.sock; location / { return 200 "lab\n"; } }
		}
	END
	source_start nginx -c "$TEST/nginx.conf" -e "$TEST/error.log"
	until_true 60 answers || fail "it does not answer: $(tail -n 2 error.log)"
	must_clone "$SOURCE"
	both_live
	[[ $(pgrep -c -P "$ROOT") = 3 ]] || wrong "the clone has $(pgrep -c -P "$ROOT") workers"
	# The master still rules its workers: a new one comes for one that ends.
	kill "$(pgrep -P "$ROOT" | head -n 1)"
	until_true 20 has_three_workers || wrong "the clone's master makes no new worker"
	kill -QUIT "$ROOT"
	until_true 20 gone "$ROOT" || wrong 'the clone does not end itself when it is told to'
	[[ $(pgrep -c -P "$SOURCE") = 3 ]] || wrong "the source has $(pgrep -c -P "$SOURCE") workers"
}

has_three_workers() { [[ $(pgrep -c -P "$ROOT") = 3 ]]; }
answers() { [[ $(printf 'GET / HTTP/1.0\r\n\r\n' | timeout 10 socat - "UNIX-CONNECT:$TEST/nginx.sock" 2>/dev/null) = *lab ]]; }

test_tmux_with_shells()
{
	need tmux
	source_start tmux -D -S "$TEST/tmux.sock" -f /dev/null
	until_true 30 test -S "$TEST/tmux.sock" || fail 'there is no server'
	tmux -S "$TEST/tmux.sock" new-session -d -s lab "while sleep 0.1; do date +%s >>'$TEST/ticks'; done" ||
		fail 'there is no session'
	until_true 30 test -s ticks || fail 'its shell does nothing'
	must_clone "$SOURCE"
	both_live
	[[ -n $(pgrep -P "$ROOT") ]] || wrong 'the clone has no shell'
	terminate "$CLONE"
	: >ticks
	until_true 20 test -s ticks || wrong "the shell of the source does nothing more"
	gone "$SOURCE" && wrong 'the source is gone'
}

# Whoever runs programs all the time is inside vfork() now and then.
test_python_that_runs_programs_all_the_time()
{
	need python3
	cat >"$TEST/program.py" <<-'END'
		import subprocess, sys
		n = 0
		while True:
		    if subprocess.run(['/bin/true']).returncode != 0: sys.exit(1)
		    n += 1
	END
	source_start python3 "$TEST/program.py"
	until_true 60 has_children || fail 'it runs nothing'
	local round
	for round in 1 2 3; do
		must_clone "$SOURCE"
		both_live
		goes_on "$SOURCE" "$ROOT"
		terminate "$CLONE"
	done
}

is_stopped() { [[ $(process_state "$1") = T ]]; }

# A container made by hand: the root is pid 1 of a pid namespace, with a /proc of its own.
test_a_shell_that_is_pid_1()
{
	need unshare
	local root
	cat >"$TEST/inside.sh" <<-'END'
		n=0
		while [ ! -e "$1" ]; do
			sleep 0.05 & echo "$$ $! $(ps -e | wc -l) $n" >"$2.$(readlink /proc/self/ns/pid | tr -dc 0-9)"
			wait
			n=$((n + 1))
		done
	END
	source_start unshare --pid --fork --mount-proc --kill-child bash "$TEST/inside.sh" "$TEST/end" "$TEST/said"
	until_true 60 has_children || fail 'there is no container'
	root=$(pgrep -P "$SOURCE")
	must_clone "$root"
	ROOT=$(shown "$CLONE" RootPID)
	[[ $(inner_pid "$ROOT") = 1 ]] || wrong "the clone's root sees itself as $(inner_pid "$ROOT")"
	goes_on "$root" "$ROOT"
	# In a pid namespace below the clone's.
	ptreectl kill --whom=root --signal=STOP "$CLONE" || wrong 'its root cannot be signalled'
	until_true 20 is_stopped "$ROOT" || wrong "its root is $(process_state "$ROOT")"
	ptreectl kill --signal=CONT "$CLONE" || wrong 'it cannot be signalled'
	goes_on "$root" "$ROOT"
	terminate "$CLONE"
	goes_on "$root"
	must_clone "$SOURCE"
	both_live
	goes_on "$root" "$(pgrep -P "$ROOT")"
}

# In the middle of a transaction, with part of it in the file already: both commit, and go on with another.
sqlite_program()
{
	cat >"$TEST/program.py" <<-'END'
		import os, sqlite3, subprocess, sys, time
		path, mode = sys.argv[1:]
		def is_clone(): return os.readlink('/proc/self/ns/pid') != home
		home = os.readlink('/proc/self/ns/pid')
		c = sqlite3.connect(path, isolation_level=None)
		c.execute('pragma journal_mode=' + mode)
		c.execute('pragma cache_size=5')
		c.execute('create table t (side text, n integer, filler text)')
		c.execute('create index i on t (filler)')
		c.execute('begin immediate')
		c.executemany('insert into t values (?, ?, ?)', (('both', n, 'x%08d' % n * 20) for n in range(2000)))
		open('ready', 'w').close()
		while not os.path.exists('go'):
		    time.sleep(0.02)
		side = 'clone' if is_clone() else 'source'
		c.execute('insert into t values (?, 0, "in the transaction that was under way")', (side,))
		c.execute('commit')
		for n in range(1, 20):
		    c.execute('begin')
		    c.execute('insert into t values (?, ?, "in another")', (side, n))
		    c.execute('commit')
		    time.sleep(0.02)
		if mode == 'wal':
		    c.execute('pragma wal_checkpoint(truncate)')
		rows = sorted(c.execute('select side, count(*) from t group by side'))
		assert rows == sorted([('both', 2000), (side, 20)]), rows
		assert c.execute('pragma integrity_check').fetchall() == [('ok',)]
		# Who opens it again by its path finds the same.
		said = subprocess.run(['sqlite3', path, 'pragma integrity_check; select count(*) from t;'], capture_output=True, text=True)
		assert said.stdout.split() == ['ok', '2020'], said
		open(side + '.ok', 'w').close()
	END
}

sqlite_writer()
{
	need python3
	need sqlite3
	mkdir "$TEST/data"
	sqlite_program
	source_start python3 "$TEST/program.py" "$TEST/data/test.db" "$1"
	until_true 60 test -e ready || fail 'it is not ready'
	must_clone "$SOURCE" --files=copy
	both_live
	: >go
	until_true 60 test -e source.ok || wrong 'the source does not come through'
	until_true 60 test -e clone.ok || wrong 'the clone does not come through'
	[[ $(sqlite3 "$TEST/data/test.db" 'pragma integrity_check; select distinct side from t order by side' | xargs) = 'ok both source' ]] ||
		wrong "the source's database: $(sqlite3 "$TEST/data/test.db" 'pragma integrity_check; select side, count(*) from t group by side' | xargs)"
}

test_an_sqlite_writer_with_a_hot_journal() { sqlite_writer delete; }
test_an_sqlite_writer_with_a_write_ahead_log() { sqlite_writer wal; }
test_an_sqlite_writer_that_keeps_its_journal() { sqlite_writer persist; }
