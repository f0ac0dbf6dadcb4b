# SPDX-License-Identifier: GPL-2.0-or-later
# Each witness is cloned while it waits, and judges itself as source and as clone. Some also by way of D-Bus.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT, clone() WAY

LIMIT=90
# By both ways.
readonly ALSO_OVER_THE_BUS=(
	every_process_keeps_its_pid_parent_and_children
	a_container_s_proc_is_about_its_clone
	proc_is_about_the_clone
	copies_of_written_files_are_the_clone_s_own
	root_and_working_directories_stay
	system_v_objects_are_each_side_s_own
	threads_go_on_at_their_own_instruction
	waits_without_end_are_not_interrupted
	epoll_sets_are_each_side_s_own
	fanotify_groups_are_each_side_s_own
	inotify_watches_keep_their_numbers
	memfds_keep_size_seals_and_offsets
	message_queues_are_each_side_s_own
	pidfds_are_of_the_clone_s_own_processes
	servers_and_clients_inside_go_on_in_a_network_of_their_own
	shared_memory_is_each_side_s_own
	sockets_that_are_connected_to_nothing_are_private
	tcp_connections_are_severed_and_the_source_s_go_on
	unix_connections_to_the_outside_are_severed
)

tests()
{
	local program name
	[[ -d $WITNESS_DIR ]] || { echo no_witnesses_are_installed; return; }
	for program in "$WITNESS_DIR"/*; do
		name=${program##*/}
		echo "$name"
		[[ " ${ALSO_OVER_THE_BUS[*]} " != *" $name "* ]] || echo "$name-over_the_bus"
	done
}

one_test()
{
	local name=${1%-over_the_bus} dir=$TEST/state side root options=()
	WAY=--direct
	[[ $1 = "$name" ]] || WAY=--bus
	[[ -x $WITNESS_DIR/$name ]] || fail "there is no program $WITNESS_DIR/$name"
	mkdir -m 777 "$dir"
	source_start "$WITNESS_DIR/$name" "$dir"
	root=$SOURCE
	until_true 60 is_prepared "$dir" || fail "the witness is not ready after 60 s"
	[[ ! -e $dir/skip ]] || skip "$(<"$dir/skip")"
	[[ ! -e $dir/broken ]] || fail "$(<"$dir/broken")"
	[[ -e $dir/ready ]] || fail "the witness is gone before it is ready"

	[[ ! -e $dir/root ]] || root=$(<"$dir/root")
	[[ ! -e $dir/options ]] || read -r -a options <"$dir/options"
	must_clone "$root" "${options[@]}"
	: >"$dir/go"
	until_true 75 has_ended "$dir" || true
	for side in source clone; do
		if [[ ! -e $dir/$side ]]; then
			wrong "the $side gives no verdict: $(cat "$dir/$side.why" 2>/dev/null)"
		elif [[ $(<"$dir/$side") != ok ]]; then
			wrong "the $side: $(head -n 4 "$dir/$side.why")"
		fi
	done
	[[ -e $TEST/why ]] || wait_for_end
}

is_prepared() { [[ -e $1/ready || -e $1/skip || -e $1/broken ]] || gone "$SOURCE"; }
has_ended() { [[ -e $1/source && -e $1/clone ]]; }

# The exit status is a verdict too.
wait_for_end()
{
	local status=0
	wait "$SOURCE" || status=$?
	(( status == 0 )) || wrong "the source exits with $status"
}
