// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of kinds: every open file is of the first kind that says so. Each row in a few lines: what it is called, what
 * the clone gets unless asked otherwise, what may be asked, and the functions (settle.h says what each is for).
 */
#include "settle.h"

#include "settle/device.h"
#include "settle/events.h"
#include "settle/pipe.h"
#include "settle/regular.h"
#include "settle/tty.h"
#include "settle/status.h"
#include "settle/unsettled.h"

const struct ptree_kind ptree_kinds[] = {
	{
		.name = "stateless",
		.policy = PTREE_POLICY_EXACT,
		.is = ptree_stateless_is,
	},
	{
		.name = "terminal",
		.group = PTREE_GROUP_TTY,
		.policy = PTREE_POLICY_PRIVATE,
		.may = MAY(PRIVATE) | MAY(SEVER) | MAY(SHARE),
		.is = ptree_tty_is,
		.judge = ptree_tty_judge,
		.capture = ptree_tty_capture,
		.settle = ptree_tty_settle,
		.finish = ptree_tty_finish,
		.release = ptree_tty_release,
	},
	{
		.name = "shared memory",
		.group = PTREE_GROUP_SHM,
		.policy = PTREE_POLICY_SHARE,
		.is = ptree_memory_is,
		.judge = ptree_unsettled_judge,
	},
	{
		.name = "pipe",
		.group = PTREE_GROUP_PIPES,
		.policy = PTREE_POLICY_PRIVATE,
		.may = MAY(PRIVATE) | MAY(SHARE) | MAY(SEVER),
		.is = ptree_pipe_is,
		.judge = ptree_pipe_judge,
		.capture = ptree_pipe_capture,
		.settle = ptree_pipe_settle,
		.finish = ptree_status_finish,
		.release = ptree_pipe_release,
	},
	{
		.name = "socket",
		.group = PTREE_GROUP_UNIX,
		.policy = PTREE_POLICY_SHARE,
		.is = ptree_socket_is,
		.judge = ptree_unsettled_judge,
	},
	{
		.name = "eventfd",
		.group = PTREE_GROUP_EVENTS,
		.policy = PTREE_POLICY_PRIVATE,
		.may = MAY(SHARE),
		.is = ptree_eventfd_is,
		.judge = ptree_eventfd_judge,
		.settle = ptree_eventfd_settle,
		.finish = ptree_status_finish,
	},
	{
		.name = "timerfd",
		.group = PTREE_GROUP_EVENTS,
		.policy = PTREE_POLICY_PRIVATE,
		.may = MAY(SHARE),
		.is = ptree_timerfd_is,
		.judge = ptree_timerfd_judge,
		.settle = ptree_timerfd_settle,
		.finish = ptree_status_finish,
	},
	{
		.name = "signalfd",
		.group = PTREE_GROUP_EVENTS,
		.policy = PTREE_POLICY_PRIVATE,
		.may = MAY(SHARE),
		.is = ptree_signalfd_is,
		.judge = ptree_signalfd_judge,
		.settle = ptree_signalfd_settle,
		.finish = ptree_status_finish,
	},
	{
		.name = "event",
		.group = PTREE_GROUP_EVENTS,
		.policy = PTREE_POLICY_SHARE,
		.is = ptree_event_is,
		.judge = ptree_unsettled_judge,
	},
	{
		.name = "message queue",
		.group = PTREE_GROUP_MQUEUE,
		.policy = PTREE_POLICY_SHARE,
		.is = ptree_mqueue_is,
		.judge = ptree_unsettled_judge,
	},
	{
		.name = "file",
		.group = PTREE_GROUP_FILES,
		.policy = PTREE_POLICY_PRIVATE,
		.may = MAY(SHARE),
		.is = ptree_regular_is,
		.judge = ptree_regular_judge,
		.settle = ptree_regular_settle,
	},
	{
		.name = "device",
		.group = PTREE_GROUP_DEVICES,
		.policy = PTREE_POLICY_REFUSE,
		.may = MAY(SHARE),
		.is = ptree_device_is,
		.judge = ptree_unknown_judge,
	},
	{
		.name = "unknown",
		.group = PTREE_GROUP_OTHER,
		.policy = PTREE_POLICY_REFUSE,
		.may = MAY(SHARE),
		.is = ptree_unknown_is,
		.judge = ptree_unknown_judge,
	},
	{ .name = NULL },
};
