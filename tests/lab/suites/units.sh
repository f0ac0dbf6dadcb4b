# SPDX-License-Identifier: GPL-2.0-or-later
# ptreed and clones as systemd and D-Bus see them.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT, clone() WAY

LIMIT=90

unit() { UNIT=ptree-clone@$SOURCE.service; with_systemd; }
property() { systemctl show --property="$2" --value "$1"; }

unit_start() { systemctl start "$UNIT" || fail "$UNIT does not start: $(journalctl -u "$UNIT" -o cat | tail -n 3)"; }

test_a_unit_is_a_clone()
{
	local root
	worker_start 2 2 1
	unit
	unit_start
	[[ $(property "$UNIT" ActiveState) = active ]] || wrong "it is $(property "$UNIT" ActiveState)"
	[[ $(<"/proc/$(property "$UNIT" MainPID)/comm") = ptree-init ]] || wrong 'its main process is not ptree-init'
	root=$(pgrep -P "$(property "$UNIT" MainPID)" -x worker)
	[[ $(inner_pid "$root") = "$SOURCE" ]] || wrong "the root is $(inner_pid "$root")"
	[[ $(cgroup_of "$root") = "$(property "$UNIT" ControlGroup)"* ]] || wrong "the root is in $(cgroup_of "$root")"
	systemctl status --no-pager "$UNIT" >"$TEST/status"
	grep -q "$root" "$TEST/status" || wrong 'systemctl status does not show the clone'
	ptreectl --direct --no-legend list | grep -q "$root\|ptree-clone" || wrong 'it is not listed'
	untouched
	systemctl stop "$UNIT" || wrong 'it does not stop'
	gone "$root" || wrong 'the clone lives on'
	[[ $(property "$UNIT" ActiveState) = inactive ]] || wrong "it is $(property "$UNIT" ActiveState) after the stop"
	untouched
}

test_a_unit_exits_as_its_clone_does()
{
	local root
	worker_start 1 2 1
	unit
	unit_start
	root=$(pgrep -P "$(property "$UNIT" MainPID)" -x worker)
	kill -USR1 "$root"
	until_true 20 unit_has_ended || wrong 'it does not end'
	[[ $(property "$UNIT" ExecMainStatus) = 7 ]] || wrong "its status is $(property "$UNIT" ExecMainStatus) and not 7"
	systemctl reset-failed "$UNIT"
	untouched
}

unit_has_ended() { [[ $(property "$UNIT" ActiveState) = @(failed|inactive) ]]; }

test_a_unit_that_cannot_be_cloned_fails_with_the_sentence()
{
	SOURCE=4194303
	unit
	systemctl start "$UNIT" 2>/dev/null && wrong 'it has started'
	until_true 10 journal_has 4194303 || wrong "the journal does not say why: $(journalctl -u "$UNIT" -o cat | tail -n 3)"
	systemctl reset-failed "$UNIT"
}

journal_has() { journalctl -u "$UNIT" -o cat | grep 'no process' | grep -q "$1"; }

test_clones_outlive_a_restart_of_ptreed()
{
	local root
	with_systemd
	worker_start 2 2 1
	WAY=--bus
	must_clone "$SOURCE" --name=outlives
	root=$(shown outlives RootPID)
	systemctl restart ptreed.service || fail 'ptreed does not restart'
	[[ $(shown outlives RootPID) = "$root" ]] || wrong 'it is not found again'
	[[ $(shown outlives State) = running ]] || wrong "it is $(shown outlives State)"
	switches "$root"
	until_true 10 runs_on "$root" "$SWITCHES" || wrong 'it does not run on'
	kill -KILL "$(ptreed_pid)"
	until_true 20 shown outlives State >/dev/null || wrong 'ptreed does not come back'
	[[ $(shown outlives RootPID) = "$root" ]] || wrong 'it is not found again after a crash'
	terminate outlives
	gone "$root" || wrong 'it lives on'
	untouched
	systemctl reset-failed ptreed.service
}

test_a_held_clone_waits_until_it_is_thawed()
{
	local root
	with_systemd
	worker_start 2 2 1
	WAY=--bus
	must_clone "$SOURCE" --name=held --hold
	root=$(shown held RootPID)
	[[ $(shown held State) = frozen ]] || wrong "it is $(shown held State)"
	switches "$root"
	pause 0.5
	! runs_on "$root" "$SWITCHES" || wrong 'it runs before it is thawed'
	untouched
	ptreectl --bus thaw held || wrong 'it cannot be thawed'
	until_true 10 runs_on "$root" "$SWITCHES" || wrong 'it does not run after it was thawed'
	ptreectl --bus freeze held || wrong 'it cannot be frozen'
	[[ $(shown held State) = frozen ]] || wrong "it is $(shown held State) after freeze"
	ptreectl --bus thaw held
	ptreectl --bus kill --whom=root --signal=USR1 held || wrong 'it cannot be signalled'
	until_true 10 gone "$root" || wrong 'the signal does not arrive'
}

test_the_bus_shows_what_the_description_says()
{
	local path word
	with_systemd
	worker_start 1 2 1
	WAY=--bus
	busctl introspect org.ptree1 /org/ptree1 org.ptree1.Manager >"$TEST/manager" || fail 'no introspection'
	for word in Clone ClonePID ListClones GetClone GetCloneByPID CloneNew CloneRemoved; do
		grep -q "^\.$word " "$TEST/manager" || wrong "the manager has no $word"
	done
	must_clone "$SOURCE" --name=on-the-bus
	path=/org/ptree1/clone/$(shown on-the-bus Id)
	busctl introspect org.ptree1 "$path" org.ptree1.Clone >"$TEST/clone" || fail "there is no $path"
	for word in Id Name State SourcePID RootPID ControlGroup Pids NProcesses NThreads PauseUSec CreatedUSec Freeze \
		Thaw Kill Terminate; do
		grep -q "^\.$word " "$TEST/clone" || wrong "the clone has no $word"
	done
	[[ $(busctl get-property org.ptree1 "$path" org.ptree1.Clone NProcesses) = 'u 2' ]] || wrong 'NProcesses is not 2'
	[[ $(busctl get-property org.ptree1 "$path" org.ptree1.Clone NThreads) = 'u 4' ]] || wrong 'NThreads is not 4'
	[[ $(busctl get-property org.ptree1 "$path" org.ptree1.Clone SourcePID) = "u $SOURCE" ]] || wrong 'SourcePID is wrong'
	terminate on-the-bus
	busctl introspect org.ptree1 "$path" org.ptree1.Clone >/dev/null 2>&1 && wrong 'its object is still there'
	untouched
}

test_signals_tell_of_clones()
{
	with_systemd
	worker_start 0 1 0
	WAY=--bus
	dbus-monitor --system --profile "sender='org.ptree1'" >"$TEST/signals" 2>&1 &
	until_true 20 grep -q NameAcquired "$TEST/signals"
	must_clone "$SOURCE" --name=told
	until_true 20 grep -q CloneNew "$TEST/signals" || wrong 'there is no CloneNew'
	terminate told
	until_true 20 grep -q CloneRemoved "$TEST/signals" || wrong 'there is no CloneRemoved'
}

# A service of its own: its unit neither sees nor feels that it is cloned.
test_a_service_is_cloned_without_its_unit_noticing()
{
	local root
	with_systemd
	systemd-run --quiet --unit=lab-service "$HELPER_DIR/worker" 2 3 1 || fail 'it does not start'
	SOURCE=$(property lab-service.service MainPID)
	until_true 20 has_children 2 || fail 'it has no children'
	SOURCE_CGROUP=$(cgroup_of "$SOURCE")
	WAY=--bus
	must_clone "$SOURCE"
	root=$(shown "$CLONE" RootPID)
	[[ $(cgroup_of "$root") = *ptree* ]] || wrong "the clone is in $(cgroup_of "$root")"
	untouched
	[[ $(property lab-service.service ActiveState) = active ]] || wrong 'the service is not active any more'
	[[ $(property lab-service.service FreezerState) = running ]] || wrong 'the service is frozen'
	systemctl stop lab-service.service
	gone "$SOURCE" || wrong 'the source lives on'
	! gone "$root" || wrong 'the clone has died with its source'
	switches "$root"
	until_true 10 runs_on "$root" "$SWITCHES" || wrong 'the clone does not run on'
	terminate "$CLONE"
}
