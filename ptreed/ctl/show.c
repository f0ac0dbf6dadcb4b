// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl show: clones as KEY=VALUE, for scripts. */
#include <string.h>

#include "ctl.h"
#include "output.h"

enum {
	OPTION_PROPERTY = 'p',
	OPTION_VALUE = CTL_OPTION_OWN,
};

struct show {
	struct ctl *ctl;
	unsigned fields;	/* bits of enum field; 0: all */
	bool value_only;
	size_t nr;
};

static int show_one(struct ptree *p, struct ptree_clone *c, void *userdata)
{
	struct show *s = userdata;
	unsigned fields = s->fields ?: UINT32_MAX;

	(void)p;
	if (s->ctl->json != CTL_JSON_OFF) {
		output_json(s->ctl, clone_json(c, fields));
		return 0;
	}

	if (s->nr++ > 0)
		putchar('\n');
	for (int i = 0; i < _FIELD_MAX; i++) {
		if (!(fields & (1U << i)))
			continue;
		if (!s->value_only)
			printf("%s=", field_name(i));
		field_print(stdout, c, i);
		putchar('\n');
	}
	return 0;
}

static int property_add(struct show *s, char *list)
{
	char *save = NULL;

	for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		int field = field_find(name);

		if (field < 0)
			return ctl_complain(s->ctl, CTL_USAGE, "a clone has no property '%s'", name);
		s->fields |= 1U << field;
	}
	return CTL_OK;
}

int verb_show(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		CTL_OPTIONS,
		{ "property", required_argument, NULL, OPTION_PROPERTY },
		{ "value", no_argument, NULL, OPTION_VALUE },
		{},
	};
	struct show s = { .ctl = ctl };
	int c, code;

	while ((c = ctl_getopt(ctl, argc, argv, "p:", options)) != CTL_GETOPT_END)
		switch (c) {
		case CTL_GETOPT_BAD:
			return CTL_USAGE;
		case CTL_GETOPT_DONE:
			return CTL_OK;
		case OPTION_PROPERTY:
			code = property_add(&s, optarg);
			if (code != CTL_OK)
				return code;
			break;
		case OPTION_VALUE:
			s.value_only = true;
			break;
		}

	if (optind >= argc)
		return ctl_complain(ctl, CTL_USAGE, "a CLONE is missing");
	return ctl_each_clone(ctl, argc, argv, show_one, &s);
}
