// SPDX-License-Identifier: LGPL-2.1-or-later
/* ptree_check(): what this host can do and what is missing, as far as every backend has an interest in it. */
#include <string.h>
#include <sys/utsname.h>

#include "backend.h"
#include "cgroup.h"
#include "keeper-child.h"
#include "proc.h"
#include "scope.h"

int ptree_check_add(struct ptree_check_list *list, const char *name, int result, bool required, const char *format, ...)
{
	struct ptree_check_item *grown = realloc(list->items, (list->nr + 1) * sizeof(*grown));
	va_list args;
	char *detail;
	int n;

	if (!grown)
		return -ENOMEM;
	list->items = grown;
	va_start(args, format);
	n = vasprintf(&detail, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	grown[list->nr++] = (struct ptree_check_item){ name, result, required, detail };
	return 0;
}

static int check_kernel(struct ptree_check_list *list)
{
	unsigned major = 0, minor = 0;
	struct utsname u;
	bool fine;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	fine = (major > 6 || (major == 6 && minor >= 1)) && strcmp(u.machine, "x86_64") == 0;
	return ptree_check_add(list, "kernel", fine ? 0 : -EOPNOTSUPP, true,
			       fine ? "Linux %s on %s" : "Linux %s on %s; ptree needs 6.1 or newer on x86_64", u.release,
			       u.machine);
}

static int check_cgroup(struct ptree_check_list *list)
{
	_cleanup_close_ int root = -1;
	char controllers[256] = "";
	const char *mount;
	int r;

	r = ptree_cgroup_mount(&mount);
	if (r < 0)
		return ptree_check_add(list, "cgroup v2", r, true, "mounted nowhere; mount -t cgroup2 none DIRECTORY");
	root = ptree_cgroup_open("/");
	if (root >= 0)
		ptree_cgroup_read(root, "cgroup.controllers", controllers, sizeof(controllers));
	return ptree_check_add(list, "cgroup v2", 0, true, "mounted at %s (%s), controllers: %s", mount, ptree_cgroup_setup(),
			       *controllers ? controllers : "none, so a clone cannot be limited");
}

static int check_proc(struct ptree_check_list *list)
{
	bool there = access("/proc/thread-self/children", F_OK) == 0;

	return ptree_check_add(list, "proc", there ? 0 : -EOPNOTSUPP, true,
			       there ? "/proc lists the children of threads"
				     : "/proc is not mounted, or the kernel lacks CONFIG_PROC_CHILDREN");
}

static int check_init(struct ptree_check_list *list)
{
	const char *path = ptree_keeper_init_path();
	int r = access(path, X_OK) < 0 ? -errno : 0;

	return ptree_check_add(list, "ptree-init", r, true, r < 0 ? "%s cannot be run; is ptree fully installed?" : "%s", path);
}

static int check_systemd(struct ptree_check_list *list)
{
	bool there = ptree_scope_available();

	return ptree_check_add(list, "systemd", there ? 0 : -ENOTCONN, false,
			       there ? "runs; a clone gets a scope in ptree.slice"
				     : "does not run here; a clone gets a cgroup below /ptree.slice");
}

int ptree_check(struct ptree *p, struct ptree_check_item **ret)
{
	struct ptree_check_list list = { 0 };
	int r;

	r = check_kernel(&list);
	if (r >= 0)
		r = check_cgroup(&list);
	if (r >= 0)
		r = check_proc(&list);
	if (r >= 0)
		r = check_init(&list);
	if (r >= 0)
		r = check_systemd(&list);
	if (r >= 0)
		r = (p->ops ? p->ops : &ptree_backend_direct)->check(p, &list); /* without a context, why there is none */
	if (r < 0) {
		ptree_check_free(list.items, list.nr);
		return ptree_error_oom(&p->error, "check");
	}
	*ret = list.items;
	return (int)list.nr;
}

void ptree_check_free(struct ptree_check_item *items, size_t n)
{
	for (size_t i = 0; items && i < n; i++)
		free(items[i].detail);
	free(items);
}
