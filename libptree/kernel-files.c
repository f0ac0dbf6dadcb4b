// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module's FILES, INSTALL and CALL, as the engine sees them. */
#include <string.h>

#include "kernel-exchange.h"

#define FILES_USEC (5 * USEC_PER_SEC)
#define INSTALL_USEC (30 * USEC_PER_SEC)	/* it opens files: network file systems may be slow */
#define CALL_USEC (10 * USEC_PER_SEC)

static int grow(void **array, size_t *size, size_t needed, size_t element)
{
	size_t wanted = *size ? *size : 64;
	void *grown;

	while (wanted < needed)
		wanted *= 2;
	if (wanted == *size)
		return 0;
	grown = realloc(*array, wanted * element);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*size = wanted;
	return 0;
}

static int append(void **array, size_t *nr, size_t *size, size_t element, struct nlattr *attr)
{
	size_t n = (size_t)nla_len(attr) / element;
	int r;

	r = grow(array, size, *nr + n, element);
	if (r < 0)
		return r;
	memcpy((char *)*array + *nr * element, nla_data(attr), n * element);
	*nr += n;
	return 0;
}

/* The parts of a text come in order. */
static int text_append(struct ptree_kernel_files *f, struct nlattr *attr)
{
	const struct ptree_fdinfo *part = nla_data(attr);
	size_t n;
	char *text;

	if ((size_t)nla_len(attr) < sizeof(*part) || part->file >= f->nr_files)
		return -EPROTO;
	n = (size_t)nla_len(attr) - sizeof(*part);
	if (!f->texts) {
		f->texts = calloc(f->nr_files, sizeof(char *));
		if (!f->texts)
			return -ENOMEM;
	}
	text = realloc(f->texts[part->file], part->offset + n + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text + part->offset, part->text, n);
	text[part->offset + n] = '\0';
	f->texts[part->file] = text;
	return 0;
}

static int take_files(struct nlattr **attrs, struct nlattr *first, int length, void *userdata)
{
	struct ptree_kernel_files *f = userdata;
	struct nlattr *attr;
	int left, r = 0;

	(void)attrs;
	nla_for_each_attr(attr, first, length, left) {
		switch (nla_type(attr)) {
		case PTREE_A_FILES:
			r = append((void **)&f->files, &f->nr_files, &f->size_files, sizeof(*f->files), attr);
			break;
		case PTREE_A_FDS:
			r = append((void **)&f->fds, &f->nr_fds, &f->size_fds, sizeof(*f->fds), attr);
			break;
		case PTREE_A_MAPPINGS:
			r = append((void **)&f->mappings, &f->nr_mappings, &f->size_mappings, sizeof(*f->mappings), attr);
			break;
		case PTREE_A_FDINFO:
			r = text_append(f, attr);
			break;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int ptree_kernel_files(struct ptree_kernel *k, uint32_t op, const int *pidfds, size_t nr, int requester_pidfd,
		       struct ptree_kernel_files *ret, const char *step, struct ptree_error *e)
{
	_cleanup_nl_msg_ struct nl_msg *m = ptree_kernel_message(k, PTREE_CMD_FILES, NLM_F_DUMP, nr * sizeof(int));
	struct ptree_exchange x = {
		.command = PTREE_CMD_FILES,
		.wants_dump = true,
		.step = step,
		.take = take_files,
		.userdata = ret,
		.error = e,
	};
	int r;

	*ret = (struct ptree_kernel_files){ 0 };
	if (!m || (op ? nla_put_u32(m, PTREE_A_OP, op) :
			nla_put(m, PTREE_A_MEMBERS, (int)(nr * sizeof(int)), pidfds)) < 0 ||
	    (!op && requester_pidfd >= 0 && nla_put_s32(m, PTREE_A_REQUESTER, requester_pidfd) < 0))
		return ptree_error_oom(e, step);
	r = ptree_kernel_exchange(k, m, &x, FILES_USEC);
	if ((r == -ENOMEM || r == -EPROTO) && e->code != r)
		return ptree_error_set(e, r, 0, "%s: cannot take in the list of open files: %m", step);
	return r;
}

void ptree_kernel_files_done(struct ptree_kernel_files *f)
{
	for (size_t i = 0; f->texts && i < f->nr_files; i++)
		free(f->texts[i]);
	free(f->texts);
	free(f->files);
	free(f->fds);
	free(f->mappings);
	*f = (struct ptree_kernel_files){ 0 };
}

/* Which file it is about is the caller's to name. */
static int install_failed(int code, const char *message, struct nlattr **attrs, struct ptree_exchange *x)
{
	uint32_t *ret_file = x->userdata;

	if (attrs[PTREE_A_FILE])
		*ret_file = nla_get_u32(attrs[PTREE_A_FILE]);
	return ptree_error_set(x->error, code, 0, "%s: %s: %m", x->step, message);
}

int ptree_kernel_install(struct ptree_kernel *k, uint32_t op, const struct ptree_install *list, size_t nr,
			 uint32_t *ret_file, struct ptree_error *e)
{
	_cleanup_nl_msg_ struct nl_msg *m = ptree_kernel_message(k, PTREE_CMD_INSTALL, NLM_F_ACK, nr * sizeof(*list));
	struct ptree_exchange x = {
		.command = PTREE_CMD_INSTALL,
		.op = op,
		.wants_result = true,
		.step = "settle",
		.failed = install_failed,
		.userdata = ret_file,
		.error = e,
	};

	*ret_file = UINT32_MAX;
	if (!m || nla_put_u32(m, PTREE_A_OP, op) < 0 ||
	    nla_put(m, PTREE_A_INSTALL, (int)(nr * sizeof(*list)), list) < 0)
		return ptree_error_oom(e, "settle");
	return ptree_kernel_exchange(k, m, &x, INSTALL_USEC);
}

static int take_call(struct nlattr **attrs, struct nlattr *first, int length, void *userdata)
{
	struct ptree_kernel_call *c = userdata;

	(void)first;
	(void)length;
	if (!attrs[PTREE_A_RESULTS])
		return -EPROTO;
	c->nr_results = (size_t)nla_len(attrs[PTREE_A_RESULTS]) / sizeof(*c->results);
	if (c->nr_results > c->nr)
		return -EPROTO;
	memcpy(c->results, nla_data(attrs[PTREE_A_RESULTS]), c->nr_results * sizeof(*c->results));
	if (attrs[PTREE_A_DATA] && (size_t)nla_len(attrs[PTREE_A_DATA]) == c->size)
		memcpy(c->data, nla_data(attrs[PTREE_A_DATA]), c->size);
	return 0;
}

static int call_failed(int code, const char *message, struct nlattr **attrs, struct ptree_exchange *x)
{
	struct ptree_kernel_call *c = x->userdata;

	(void)attrs;
	return ptree_error_set(x->error, code, c->pid, "%s: pid %d: %s: %m", x->step, c->pid, message);
}

int ptree_kernel_call(struct ptree_kernel *k, uint32_t op, struct ptree_kernel_call *c, const char *step,
		      struct ptree_error *e)
{
	_cleanup_nl_msg_ struct nl_msg *m =
		ptree_kernel_message(k, PTREE_CMD_CALL, NLM_F_ACK, c->nr * sizeof(*c->calls) + c->size);
	struct ptree_exchange x = {
		.command = PTREE_CMD_CALL,
		.op = op,
		.wants_result = true,
		.step = step,
		.take = take_call,
		.failed = call_failed,
		.userdata = c,
		.error = e,
	};
	int r;

	c->nr_results = 0;
	if (!m || nla_put_u32(m, PTREE_A_OP, op) < 0 || nla_put_u32(m, PTREE_A_MEMBER, c->member) < 0 ||
	    nla_put(m, PTREE_A_CALLS, (int)(c->nr * sizeof(*c->calls)), c->calls) < 0 ||
	    (c->flags && nla_put_u32(m, PTREE_A_FLAGS, c->flags) < 0) ||
	    (c->size && nla_put(m, PTREE_A_DATA, (int)c->size, c->data) < 0))
		return ptree_error_oom(e, step);
	r = ptree_kernel_exchange(k, m, &x, CALL_USEC);
	if (r == -EPROTO && e->code != r)
		return ptree_error_set(e, r, c->pid, "%s: the kernel module's answer to CALL makes no sense", step);
	return r;
}
