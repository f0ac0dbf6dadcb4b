// SPDX-License-Identifier: LGPL-2.1-or-later
/* The places: a list, made in any order, sorted once, and then asked what is at a path. */
#include <string.h>

#include "../copies.h"
#include "../util.h"

static void place_done(struct ptree_place *p)
{
	free(p->path);
	ptree_names_done(&p->written);
	ptree_names_done(&p->copied);
	ptree_names_done(&p->kept);
}

void ptree_copies_done(struct ptree_copies *c)
{
	for (size_t i = 0; i < c->nr; i++)
		place_done(&c->places[i]);
	free(c->places);
	free(c->store);
	*c = (struct ptree_copies){ 0 };
}

struct ptree_place *ptree_place_add(struct ptree_copies *c, const char *path)
{
	struct ptree_place *grown;

	for (size_t i = 0; i < c->nr; i++)
		if (strcmp(c->places[i].path, path) == 0)
			return &c->places[i];
	grown = reallocarray(c->places, c->nr + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	c->places = grown;
	grown[c->nr] = (struct ptree_place){ .path = strdup(path), .single = true };
	return grown[c->nr].path ? &grown[c->nr++] : NULL;
}

static int compare_places(const void *a, const void *b)
{
	return strcmp(((const struct ptree_place *)a)->path, ((const struct ptree_place *)b)->path);
}

/* The rest of a path that is below a place, or "" for the place itself; NULL: it is elsewhere. */
static const char *below(const struct ptree_place *p, const char *path)
{
	size_t n = strlen(p->path);

	if (strncmp(path, p->path, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

/* Outer places first; what is in one that is whole has no place of its own. */
void ptree_places_sort(struct ptree_copies *c)
{
	const struct ptree_place *whole = NULL;
	size_t kept = 0;

	qsort(c->places, c->nr, sizeof(*c->places), compare_places);
	for (size_t i = 0; i < c->nr; i++) {
		struct ptree_place p = c->places[i];

		if (whole && below(whole, p.path)) {
			place_done(&p);
			continue;
		}
		c->places[kept] = p;
		if (p.whole)
			whole = &c->places[kept];
		kept++;
	}
	c->nr = kept;
}

const struct ptree_place *ptree_place_of(const struct ptree_copies *c, const char *path, const char **ret_rest)
{
	for (size_t i = 0; i < c->nr; i++) {
		*ret_rest = below(&c->places[i], path);
		if (*ret_rest && (!**ret_rest || ptree_names_has(&c->places[i].copied, *ret_rest)))
			return &c->places[i];
	}
	return NULL;
}

bool ptree_copies_replaced(const struct ptree_copies *c, const char *path, const struct stat *original)
{
	const char *rest;
	const struct ptree_place *p = ptree_place_of(c, path, &rest);

	if (!p || p->single)
		return false;
	return *rest || (original->st_dev == p->st.st_dev && original->st_ino == p->st.st_ino);
}

bool ptree_copies_covers(const struct ptree_copies *c, const char *path)
{
	const char *rest;
	const struct ptree_place *p = ptree_place_of(c, path, &rest);

	return p && (!p->single || *rest);
}
