# SPDX-License-Identifier: GPL-2.0-or-later
# Language runtimes with many threads under load, and databases, cloned again and again while they work: all clones and the
# source are right. The programs in ../runtimes judge themselves: each time there is another number in the file `asked`,
# they wait until all that they do has gone on, and say in `answer.NUMBER.PIDNS` whether all of it was right.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT

LIMIT=600
ROUNDS=${RUNTIME_CLONES:-10}
RUNTIMES=$HERE/runtimes

need() { command -v "$1" >/dev/null || skip "there is no $1"; }
pidns_of() { readlink "/proc/$1/ns/pid" | tr -dc 0-9; }
has_answered() { [[ -e answer.$1.$2 ]]; }

# clone_start: $CLONE, and $ROOT, its root.
clone_start()
{
	must_clone "$SOURCE"
	ROOT=$(shown "$CLONE" RootPID)
	[[ $(inner_pid "$ROOT") = "$SOURCE" ]] || wrong "the clone's root sees itself as $(inner_pid "$ROOT")"
}

# answer_judge NUMBER SIDE PIDNS
answer_judge()
{
	if ! until_true 120 has_answered "$1" "$3"; then
		wrong "the $2 does not answer, clone $1"
	elif [[ $(<"answer.$1.$3") != ok ]]; then
		wrong "the $2, clone $1: $(head -c 300 "answer.$1.$3")"
	fi
}

# runtime COMMAND…: $ROUNDS clones in a row.
runtime()
{
	local n
	source_start "$@"
	until_true 240 test -e ready || fail 'it is not ready'
	[[ $(<ready) = ok ]] || fail "it fails without being cloned: $(head -c 300 ready)"
	for (( n = 1; n <= ROUNDS; n++ )); do
		clone_start
		echo "$n" >asked.new
		mv asked.new asked
		answer_judge "$n" clone "$(pidns_of "$ROOT")"
		answer_judge "$n" source "$(pidns_of "$SOURCE")"
		terminate "$CLONE"
		[[ ! -e $TEST/why ]] || return
	done
}

test_python()
{
	need python3
	runtime python3 "$RUNTIMES/runtime.py"
}

test_node()
{
	need node
	runtime node "$RUNTIMES/runtime.js"
}

test_java()
{
	need java
	runtime java -Xmx128m "$RUNTIMES/Runtime.java"
}

test_go()
{
	[[ -x $HELPER_DIR/runtime-go ]] || skip "there is no $HELPER_DIR/runtime-go, which needs a Go compiler"
	runtime "$HELPER_DIR/runtime-go"
}

test_erlang()
{
	need erlc
	erlc "$RUNTIMES/runtime.erl" || fail 'it does not compile'
	runtime erl -noinput -s runtime main
}

# Source and clone listen on one socket: whoever answers, it is right.
answers_often()
{
	local i
	for (( i = 0; i < 8; i++ )); do
		until_true 20 "$@" || { wrong "an answer is missing or wrong: $*"; return; }
	done
}

has_ended() { gone "$ROOT"; }

postgres_says() { [[ $(timeout 20 psql -h "$TEST" -U postgres -At -c "$1" 2>>"$TEST/psql.log") = "$2" ]]; }

# Its processes have System V, POSIX and anonymous shared memory in common, and attach more of it by name.
test_postgresql()
{
	local bin
	bin=$(echo /usr/lib/postgresql/*/bin)
	[[ -x $bin/postgres ]] || skip 'there is no PostgreSQL'
	chmod 777 "$TEST"
	setpriv --reuid=postgres --regid=postgres --init-groups "$bin/initdb" -D "$TEST/data" -A trust --no-sync ||
		fail 'there is no database'
	source_start setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D "$TEST/data" -k "$TEST" \
		-c listen_addresses= -c fsync=off
	until_true 120 postgres_says 'create table lab as select generate_series(1, 1000) n' 'SELECT 1000' ||
		fail "it does not answer: $(tail -n 2 psql.log)"
	clone_start
	answers_often postgres_says 'select sum(n) from lab' 500500
	kill -INT "$ROOT"
	until_true 60 has_ended || wrong 'the clone does not shut itself down'
	! gone "$SOURCE" || wrong 'the source is gone'
}

mariadb_says() { [[ $(timeout 20 mariadb --no-defaults -S "$TEST/run/socket" -N -e "$1" 2>>"$TEST/mariadb.log") = "$2" ]]; }

# It does its input and output by io_uring.
test_mariadb()
{
	local n
	need mariadbd
	chmod 755 "$TEST"
	install -d -o mysql "$TEST/run"
	mariadb-install-db --no-defaults --user=mysql --datadir="$TEST/data" --skip-test-db >/dev/null || fail 'there is no database'
	source_start mariadbd --no-defaults --user=mysql --datadir="$TEST/data" --socket="$TEST/run/socket" --skip-networking \
		--pid-file="$TEST/run/pid"
	until_true 120 mariadb_says 'create database lab; create table lab.lab (n int); insert into lab.lab values (42); select 1' 1 ||
		fail "it does not answer: $(tail -n 2 mariadb.log)"
	for (( n = 0; n < 3; n++ )); do
		clone_start
		answers_often mariadb_says 'select n from lab.lab' 42
		terminate "$CLONE"
	done
	mariadb_says 'insert into lab.lab values (43); select sum(n) from lab.lab' 85 || wrong 'the source does not work any more'
}

memcached_says() { [[ $(printf 'get lab\r\nquit\r\n' | timeout 10 socat - "UNIX-CONNECT:$TEST/socket") = *$'\r\n42\r\n'* ]]; }

test_memcached()
{
	need memcached
	chmod 777 "$TEST"
	source_start memcached -u nobody -s "$TEST/socket" -t 4
	until_true 60 test -S socket || fail 'it does not listen'
	printf 'set lab 0 0 2\r\n42\r\nquit\r\n' | socat - "UNIX-CONNECT:$TEST/socket"
	clone_start
	answers_often memcached_says
	kill "$ROOT"
	until_true 60 has_ended || wrong 'the clone does not end itself when it is told to'
	answers_often memcached_says
}
