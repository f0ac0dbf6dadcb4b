// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lists of system calls for the module's CALL. */
#include "call.h"

#include <string.h>
#include <sys/syscall.h>

#include "proc.h"

size_t ptree_calls_data(struct ptree_calls *c, const void *from, size_t size)
{
	size_t at = (c->size + 7) & ~(size_t)7;
	unsigned char *grown;

	if (at + size > PTREE_MAX_DATA) {
		c->overflow = true;
		return 0;
	}
	grown = realloc(c->data, at + size);
	if (!grown) {
		c->overflow = true;
		return 0;
	}
	memset(grown + c->size, 0, at + size - c->size);
	if (from)
		memcpy(grown + at, from, size);
	c->data = grown;
	c->size = at + size;
	return at;
}

size_t ptree_calls_add_args(struct ptree_calls *c, long nr, const struct ptree_call_arg *args, size_t nr_args)
{
	struct ptree_call *call;

	if (c->nr == PTREE_MAX_CALLS || nr_args > ARRAY_SIZE(call->args)) {
		c->overflow = true;
		return 0;
	}
	call = &c->calls[c->nr];
	*call = (struct ptree_call){ .nr = (uint32_t)nr };
	for (size_t i = 0; i < nr_args; i++) {
		call->args[i] = args[i].value;
		if (args[i].type == PTREE_ARG_DATA)
			call->data |= (uint8_t)(1u << i);
		else if (args[i].type == PTREE_ARG_FILE)
			call->files |= (uint8_t)(1u << i);
	}
	return c->nr++;
}

int ptree_calls_run(struct ptree_calls *c, struct ptree_op *op, const struct ptree_member *member, unsigned flags,
		    const char *step)
{
	pid_t pid = !member ? op->keeper.init_pid : flags & PTREE_CALL_SOURCE ? member->pid : member->twin;
	struct ptree_kernel_call call = {
		.member = member ? member->number : 0,
		.pid = pid,
		.flags = flags,
		.calls = c->calls,
		.nr = c->nr,
		.data = c->data,
		.size = c->size,
		.results = c->results,
	};
	int64_t last;
	int r;

	c->nr_results = 0;
	if (c->overflow)
		return ptree_error_set(&op->error, -E2BIG, pid, "%s: too much for one CALL in pid %d", step, pid);
	if (c->nr == 0)
		return 0;
	r = ptree_kernel_call(op->kernel, (uint32_t)op->id, &call, step, &op->error);
	if (r < 0)
		return r;
	c->nr_results = call.nr_results;
	last = c->nr_results > 0 ? c->results[c->nr_results - 1] : 0;
	return flags & PTREE_CALL_ALL || last >= 0 || last < -4095 ? 0 : (int)last;
}

int ptree_call_take(struct ptree_op *op, const struct ptree_member *member, int number, const char *step)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(member ? member->twin : op->keeper.init_pid, 0), fd = -1;
	int r;

	fd = pidfd < 0 ? pidfd : (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fd < 0 && pidfd >= 0)
		fd = -errno;
	ptree_calls_add(&calls, SYS_close, CALL_NUMBER(number));
	r = ptree_calls_run(&calls, op, member, member ? 0 : PTREE_CALL_INIT, step);
	return r < 0 ? r : TAKE_FD(fd);
}

void ptree_calls_done(struct ptree_calls *c)
{
	free(c->data);
	*c = PTREE_CALLS_INIT;
}
