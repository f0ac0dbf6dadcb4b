// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Random states: nobody outside of a program can make them differ in its clone, so reports name the libraries that have
 * one. What is linked statically, or written in Go or Rust, cannot be told from outside.
 */
#include "secrets.h"

#include <string.h>

/* By the beginning of the file's name. A library that asks the kernel for every number is not here. */
static const struct {
	const char *prefix, *name;
	const char *way_out;	/* continues "… on both sides" */
} libraries[] = {
	{ "libcrypto.so",	"OpenSSL",	": it knows a fork by the pid, which stays the same in a clone; call RAND_poll()" },
	{ "libgnutls.so",	"GnuTLS",	"; call gnutls_rnd_refresh()" },
	{ "libfreebl",		"NSS",		"; call PK11_RandomUpdate() with bytes of getrandom(2)" },
	{ "libgcrypt.so",	"Libgcrypt",	": it knows a fork by the pid, which stays the same in a clone; call gcry_fast_random_poll()" },
	{ "libsodium.so",	"libsodium",	", if it was told to use its own generator; call randombytes_stir()" },
	{ "libmbedcrypto.so",	"Mbed TLS",	"; call mbedtls_ctr_drbg_reseed()" },
	{ "libwolfssl.so",	"wolfSSL",	"; call wc_RNG_DRBG_Reseed() with bytes of getrandom(2)" },
	{ "libbotan-",		"Botan",	": it knows a fork by the pid, which stays the same in a clone; call reseed()" },
	{ "libjvm.so",		"Java",		" where SecureRandom is a DRBG; call its reseed()" },
};

struct mapped {
	struct {
		char *file;		/* its name, without directories */
		size_t library;
		pid_t *pids;
		size_t nr_pids;
	} *found;
	size_t nr;
};

/* Which library this is; ARRAY_SIZE(libraries): none that matters. */
static size_t library_of(const char *file)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(libraries); i++)
		if (strncmp(libraries[i].prefix, file, strlen(libraries[i].prefix)) == 0)
			break;
	return i;
}

static int found_add(struct mapped *m, const char *file, size_t library, size_t *ret)
{
	void *grown;

	for (*ret = 0; *ret < m->nr; (*ret)++)
		if (strcmp(m->found[*ret].file, file) == 0)
			return 0;
	grown = reallocarray(m->found, m->nr + 1, sizeof(*m->found));
	if (!grown)
		return -ENOMEM;
	m->found = grown;
	memset(&m->found[m->nr], 0, sizeof(*m->found));
	m->found[m->nr].library = library;
	m->found[m->nr].file = strdup(file);
	return m->found[m->nr++].file ? 0 : -ENOMEM;
}

/* A library has several mappings in each process, one after the other. */
static int user_add(struct mapped *m, size_t i, pid_t pid)
{
	pid_t *pids = m->found[i].pids;
	size_t nr = m->found[i].nr_pids;

	if (nr > 0 && pids[nr - 1] == pid)
		return 0;
	if ((nr & (nr - 1)) == 0) {
		pids = reallocarray(pids, nr ? 2 * nr : 1, sizeof(*pids));
		if (!pids)
			return -ENOMEM;
		m->found[i].pids = pids;
	}
	pids[nr] = pid;
	m->found[i].nr_pids++;
	return 0;
}

static int line_read(struct mapped *m, pid_t pid, char *line)
{
	char *path = strchr(line, '/'), *file;
	size_t library, i;
	int r;

	if (!path)
		return 0;
	file = strrchr(path, '/') + 1;
	file[strcspn(file, " \n")] = '\0';
	library = library_of(file);
	if (library == ARRAY_SIZE(libraries))
		return 0;
	r = found_add(m, file, library, &i);
	return r < 0 ? r : user_add(m, i, pid);
}

/* What cannot be read is just exiting. */
static int process_read(struct mapped *m, const struct ptree_member *member)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	char path[64];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", member->twin ?: member->pid);
	f = fopen(path, "re");
	while (f && r >= 0 && getline(&line, &size, f) >= 0)
		r = line_read(m, member->pid, line);
	return r;
}

static int report(const struct mapped *m, size_t i, struct ptree_report *r)
{
	size_t library = m->found[i].library;
	char description[128], note[256];
	int error;

	snprintf(description, sizeof(description), "of %s, %s", libraries[library].name, m->found[i].file);
	snprintf(note, sizeof(note), "goes on from the same state on both sides%s in a hook, see ptree_at_clone(3)",
		 libraries[library].way_out);
	error = ptree_report_add(r, PTREE_POLICY_SHARE, "random state", description, note, NULL);
	for (size_t j = 0; error == 0 && j < m->found[i].nr_pids; j++)
		error = ptree_report_add_user(r, m->found[i].pids[j], -1);
	return error;
}

int ptree_report_add_secrets(struct ptree_report *r, struct ptree_member *const *members, size_t nr)
{
	struct mapped m = { 0 };
	int error = 0;

	for (size_t i = 0; i < nr && error == 0; i++)
		if (!members[i]->zombie)
			error = process_read(&m, members[i]);
	for (size_t i = 0; i < m.nr && error == 0; i++)
		error = report(&m, i, r);
	for (size_t i = 0; i < m.nr; i++) {
		free(m.found[i].file);
		free(m.found[i].pids);
	}
	free(m.found);
	return error;
}
