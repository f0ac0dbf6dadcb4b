// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which files ptreed.conf is made of, and in which order they are read: as systemd does it with its own. */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "config-file.h"
#include "config.h"

#define NR_DIRS 2

/* A drop-in: its name decides its place, its directory which of two of one name counts. */
struct dropin {
	char name[NAME_MAX + 1];
	int dir;
};

static int file_read(const char *path, struct ptree_config *config, ptree_config_function *other, void *userdata,
		     struct ptree_error *e)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return ptree_error_set(e, -errno, 0, "prepare: cannot open %s: %m", path);
	return ptree_config_parse(f, path, config, other, userdata, e) ?: 1;
}

static bool is_dropin(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

static int dropin_compare(const void *a, const void *b)
{
	const struct dropin *x = a, *y = b;

	return strcmp(x->name, y->name) ?: x->dir - y->dir;
}

static int dropins_list(const char *const *dirs, struct dropin **ret, size_t *ret_nr)
{
	for (int i = 0; i < NR_DIRS; i++) {
		char path[PATH_MAX];
		struct dirent *entry;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/ptreed.conf.d", dirs[i]);
		dir = opendir(path);
		if (!dir)
			continue;
		while ((entry = readdir(dir))) {
			struct dropin *grown;

			if (!is_dropin(entry->d_name))
				continue;
			grown = reallocarray(*ret, *ret_nr + 1, sizeof(*grown));
			if (!grown) {
				closedir(dir);
				return -ENOMEM;
			}
			*ret = grown;
			grown[*ret_nr].dir = i;
			strcpy(grown[*ret_nr].name, entry->d_name);
			(*ret_nr)++;
		}
		closedir(dir);
	}
	if (*ret_nr > 0)
		qsort(*ret, *ret_nr, sizeof(**ret), dropin_compare);
	return 0;
}

int ptree_config_read(struct ptree_config *config, ptree_config_function *other, void *userdata, struct ptree_error *e)
{
	const char *dirs[NR_DIRS] = { PTREE_CONFIG_DIR, PTREE_VENDOR_DIR };
	const char *given = secure_getenv("PTREE_CONFIG_PATH");
	_cleanup_free_ struct dropin *dropins = NULL;
	_cleanup_free_ char *copy = NULL;
	char path[PATH_MAX];
	size_t nr = 0;
	int r = 0;

	if (given) {
		char *rest = copy = strdup(given);

		if (!copy)
			return ptree_error_oom(e, "prepare");
		for (int i = 0; i < NR_DIRS; i++)
			dirs[i] = strsep(&rest, ":") ?: "";
	}
	/* The first main file that there is, then every drop-in that none of a directory before it hides. */
	for (int i = 0; i < NR_DIRS && r == 0; i++) {
		snprintf(path, sizeof(path), "%s/ptreed.conf", dirs[i]);
		r = file_read(path, config, other, userdata, e);
	}
	if (r >= 0 && dropins_list(dirs, &dropins, &nr) < 0)
		r = ptree_error_oom(e, "prepare");
	for (size_t i = 0; i < nr && r >= 0; i++) {
		if (i > 0 && strcmp(dropins[i].name, dropins[i - 1].name) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/ptreed.conf.d/%s", dirs[dropins[i].dir], dropins[i].name);
		r = file_read(path, config, other, userdata, e);
	}
	return r < 0 ? r : 0;
}
