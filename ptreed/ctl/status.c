// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl status: clones for reading; without an argument all of them. */
#include "ctl.h"
#include "output.h"

struct status {
	struct ctl *ctl;
	struct json_object *list;	/* NULL: text */
	size_t nr;
};

static int status_one(struct ptree *p, struct ptree_clone *c, void *userdata)
{
	struct status *s = userdata;

	(void)p;
	if (s->list) {
		json_object_array_add(s->list, clone_json(c, UINT32_MAX));
		return 0;
	}
	if (s->nr++ > 0)
		putchar('\n');
	output_clone(c, true);
	return 0;
}

static int status_all(struct ctl *ctl, struct status *s)
{
	struct ptree_clone **clones;
	int code, r;

	code = ctl_open(ctl);
	if (code != CTL_OK)
		return code;
	r = ptree_list(ctl->p, &clones);
	if (r < 0)
		return ctl_fail(ctl, r);

	for (int i = 0; i < r; i++) {
		status_one(ctl->p, clones[i], s);
		ptree_clone_unref(clones[i]);
	}
	free(clones);
	return CTL_OK;
}

int verb_status(struct ctl *ctl, int argc, char **argv)
{
	struct status s = { .ctl = ctl };
	int code;

	code = ctl_getopt_common(ctl, argc, argv, 0, INT32_MAX);
	if (code >= 0)
		return code;

	if (ctl->json != CTL_JSON_OFF)
		s.list = json_object_new_array();
	code = optind < argc ? ctl_each_clone(ctl, argc, argv, status_one, &s) : status_all(ctl, &s);
	if (s.list)
		output_json(ctl, s.list);
	return code;
}
