%% SPDX-License-Identifier: GPL-2.0-or-later
%% Erlang at work: processes on many schedulers that compute, pass numbers on, talk over a socket, sleep and read.
-module(runtime).
-export([main/0]).

main() ->
	Table = ets:new(counts, [public, {write_concurrency, true}]),
	Names = [{compute, I} || I <- lists:seq(1, 8)] ++ [put, take, serve, ask, timer, read, port],
	[ets:insert(Table, {Name, 0}) || Name <- Names],
	Main = self(),
	Work = fun(Name, Function) ->
		spawn(fun() ->
			{_, Monitor} = spawn_monitor(fun() -> Function(fun() -> ets:update_counter(Table, Name, 1) end) end),
			receive {'DOWN', Monitor, _, _, Why} -> Main ! {wrong, io_lib:format("~p: ~0p", [Name, Why])} end
		end)
	end,
	[Work({compute, I}, fun(Tick) -> compute(I, erlang:crc32(data(I)), Tick) end) || I <- lists:seq(1, 8)],
	Taker = self_made(Work, take, fun(Tick) -> take(0, Tick) end),
	Work(put, fun(Tick) -> put_numbers(Taker, 0, Tick) end),
	{ok, Listener} = gen_tcp:listen(0, [binary, {packet, 4}, {active, false}, {ifaddr, {local, "socket"}}]),
	Work(serve, fun(Tick) ->
		{ok, Server} = gen_tcp:accept(Listener),
		gen_tcp:close(Listener),
		serve(Server, Tick)
	end),
	Work(ask, fun(Tick) ->
		{ok, Client} = gen_tcp:connect({local, "socket"}, 0, [binary, {packet, 4}, {active, false}]),
		ask(Client, 0, Tick)
	end),
	Work(timer, fun(Tick) -> timer(Tick) end),
	ok = file:write_file("data", << <<N:32>> || N <- lists:seq(0, 4095) >>),
	Work(read, fun(Tick) ->
		{ok, File} = file:open("data", [read, raw, binary]),
		read(File, 0, Tick)
	end),
	Work(port, fun(Tick) ->
		Port = open_port({spawn, "cat"}, [binary, {line, 64}]),
		port(Port, 0, Tick)
	end),
	say("ready", progress(Table, [{Name, 0} || Name <- Names])),
	answer(Table, "").

%% The pid of who does the work, not of who watches it.
self_made(Work, Name, Function) ->
	Main = self(),
	Work(Name, fun(Tick) -> Main ! {made, self()}, Function(Tick) end),
	receive {made, Pid} -> Pid end.

data(Seed) ->
	list_to_binary([(N * Seed * 7919) rem 251 || N <- lists:seq(1, 2000)]).

compute(Seed, Right, Tick) ->
	Right = erlang:crc32(data(Seed)),
	Tick(),
	compute(Seed, Right, Tick).

put_numbers(Taker, N, Tick) ->
	Taker ! {number, N, self()},
	receive {taken, N} -> ok end,
	Tick(),
	put_numbers(Taker, N + 1, Tick).

take(N, Tick) ->
	receive {number, Got, From} -> Got = N, From ! {taken, N} end,
	Tick(),
	take(N + 1, Tick).

serve(Server, Tick) ->
	{ok, Data} = gen_tcp:recv(Server, 0),
	ok = gen_tcp:send(Server, Data),
	Tick(),
	serve(Server, Tick).

ask(Client, N, Tick) ->
	ok = gen_tcp:send(Client, <<N:64>>),
	{ok, <<N:64>>} = gen_tcp:recv(Client, 0),
	Tick(),
	ask(Client, N + 1, Tick).

timer(Tick) ->
	receive after 5 -> Tick() end,
	timer(Tick).

read(File, 4096, Tick) ->
	eof = file:read(File, 4),
	{ok, 0} = file:position(File, 0),
	read(File, 0, Tick);
read(File, N, Tick) ->
	{ok, <<N:32>>} = file:read(File, 4),
	Tick(),
	read(File, N + 1, Tick).

port(Port, N, Tick) ->
	Line = integer_to_binary(N),
	port_command(Port, [Line, $\n]),
	receive {Port, {data, {eol, Line}}} -> ok end,
	Tick(),
	port(Port, N + 1, Tick).

side() ->
	{ok, Link} = file:read_link("/proc/self/ns/pid"),
	[C || C <- Link, C >= $0, C =< $9].

say(File, Text) ->
	Temporary = File ++ ".new." ++ side(),
	ok = file:write_file(Temporary, Text),
	ok = file:rename(Temporary, File).

progress(Table, Before) ->
	receive {wrong, Why} -> Why
	after 10 ->
		case lists:all(fun({Name, Count}) -> ets:lookup_element(Table, Name, 2) > Count end, Before) of
			true -> "ok";
			false -> progress(Table, Before)
		end
	end.

answer(Table, Asked) ->
	timer:sleep(20),
	case file:read_file("asked") of
		{ok, Text} -> Now = string:trim(binary_to_list(Text));
		{error, enoent} -> Now = ""
	end,
	case Now of
		Asked -> ok;
		_ -> say("answer." ++ Now ++ "." ++ side(), progress(Table, ets:tab2list(Table)))
	end,
	answer(Table, Now).
