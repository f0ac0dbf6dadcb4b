// SPDX-License-Identifier: GPL-2.0-or-later
/* Watches one clone: its end through the pidfd of its init, its state through cgroup.events. */
#include <sys/epoll.h>
#include <sys/inotify.h>

#include "../libptree/cgroup.h"
#include "../libptree/proc.h"
#include "clone.h"
#include "log.h"

struct waiter *waiter_free(struct waiter *w)
{
	if (!w)
		return NULL;
	if (w->clone)
		TAILQ_REMOVE(&w->clone->waiters, w, entry);
	sd_bus_track_unref(w->track);
	sd_bus_message_unref(w->message);
	free(w);
	return NULL;
}

static int on_waiter_gone(sd_bus_track *track, void *userdata)
{
	(void)track;
	waiter_free(userdata);
	return 0;
}

int clone_add_waiter(struct clone *c, sd_bus_message *message, uid_t uid)
{
	struct waiter *w;
	int r;

	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->message = sd_bus_message_ref(message);
	w->uid = uid;
	if (sd_bus_message_get_sender(message)) {
		r = sd_bus_track_new(c->manager->bus, &w->track, on_waiter_gone, w);
		if (r >= 0)
			r = sd_bus_track_add_sender(w->track, message);
		if (r < 0) {
			waiter_free(w);
			return r;
		}
	}
	w->clone = c;
	TAILQ_INSERT_TAIL(&c->waiters, w, entry);
	return 0;
}

static int on_death(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct clone *c = userdata;
	struct manager *m = c->manager;
	struct waiter *w;
	int status;

	(void)s, (void)fd, (void)revents;
	status = ptree_registry_status_read(&m->registry, ptree_clone_id(c->info));
	c->info->state = PTREE_STATE_DEAD;
	log_clone_removed(c->info, status);
	clone_bus_changed(c);

	while ((w = TAILQ_FIRST(&c->waiters))) {
		sd_bus_reply_method_return(w->message, "i", status);
		waiter_free(w);
	}
	manager_bus_clone_removed(m, c);
	clone_free(c);

	/* Entry and cgroup go; ID.status stays a while for those who ask late. */
	ptree_registry_collect(&m->registry);
	manager_changed(m);
	return 0;
}

static int on_cgroup_event(sd_event_source *s, const struct inotify_event *event, void *userdata)
{
	(void)s, (void)event;
	clone_refresh(userdata);
	return 0;
}

void clone_refresh(struct clone *c)
{
	enum ptree_state state = ptree_registry_state(c->info);

	/* The end is on_death()'s to tell. */
	if (state == c->info->state || state == PTREE_STATE_DEAD)
		return;
	c->info->state = state;
	clone_bus_changed(c);
}

/* Without this watch State is right when it is asked for, but changes made by others are not announced. */
static void watch_cgroup(struct clone *c)
{
	_cleanup_free_ char *path = NULL;
	const char *mount;

	if (ptree_cgroup_mount(&mount) < 0 || !*ptree_clone_cgroup(c->info))
		return;
	if (asprintf(&path, "%s%s/cgroup.events", mount, ptree_clone_cgroup(c->info)) < 0) {
		path = NULL;
		return;
	}
	sd_event_add_inotify(c->manager->event, &c->events, path, IN_MODIFY, on_cgroup_event, c);
}

int clone_new(struct manager *m, struct ptree_clone *info, struct clone **ret)
{
	struct clone *c;
	int r;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	TAILQ_INIT(&c->waiters);
	c->manager = m;
	c->info = ptree_clone_ref(info);
	clone_bus_path(ptree_clone_id(info), c->path, sizeof(c->path));

	c->pidfd = ptree_proc_pidfd_open(info->init_pid, info->init_start);
	if (c->pidfd < 0) {
		r = c->pidfd;
		goto fail;
	}
	r = sd_event_add_io(m->event, &c->death, c->pidfd, EPOLLIN, on_death, c);
	if (r < 0)
		goto fail;
	watch_cgroup(c);

	TAILQ_INSERT_TAIL(&m->clones, c, entry);
	m->nr_clones++;
	*ret = c;
	return 0;

fail:
	c->manager = NULL; /* it is in no list */
	clone_free(c);
	return r;
}

struct clone *clone_free(struct clone *c)
{
	struct waiter *w;

	if (!c)
		return NULL;
	if (c->manager) {
		TAILQ_REMOVE(&c->manager->clones, c, entry);
		c->manager->nr_clones--;
	}
	while ((w = TAILQ_FIRST(&c->waiters)))
		waiter_free(w);
	sd_event_source_disable_unref(c->death);
	sd_event_source_disable_unref(c->events);
	ptree_close_fd(c->pidfd);
	ptree_clone_unref(c->info);
	free(c);
	return NULL;
}
