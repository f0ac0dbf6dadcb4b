// SPDX-License-Identifier: GPL-2.0-only
/* The list of ops, their owners, and the dead man's switch: an owner that goes away takes its ops with it. */
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/wait.h>
#include <net/net_namespace.h>
#include "op.h"
#include "state.h"

/* Each op holds memory and may hold a source frozen. */
#define MAX_OPS 256

static DEFINE_MUTEX(ops_mutex);
static LIST_HEAD(ops);
static unsigned int nr_ops;
static bool closed;
static DECLARE_WAIT_QUEUE_HEAD(ops_gone);
static struct workqueue_struct *queue;

static struct ptree_op *op_find(u32 portid, u32 number)
{
	struct ptree_op *op;

	list_for_each_entry(op, &ops, link)
		if (op->portid == portid && op->number == number)
			return op;
	return NULL;
}

static void op_unlink(struct ptree_op *op)
{
	op->state = PTREE_OP_ENDED;
	list_del_init(&op->link);
	nr_ops--;
	if (cancel_delayed_work(&op->deadline_work))
		ptree_op_put(op);
	ptree_op_put(op);
	wake_up_all(&ops_gone);
}

/* With ops_mutex held. */
static void op_abort(struct ptree_op *op)
{
	bool again = op->aborted;

	WRITE_ONCE(op->aborted, true);
	if (again)
		return;
	if (op->state == PTREE_OP_CLONING) {
		complete(&op->kick);
	} else if (op->state == PTREE_OP_CLONED) {
		ptree_op_get(op);
		queue_work(queue, &op->discard_work);
	}
}

/**
 * ptree_owner_add() - put a new op on the list and set it going
 * @op: the op
 *
 * Takes over the caller's reference on success. Errors: -EEXIST the owner has an op of that number; -EBUSY too many
 * ops; -ESHUTDOWN the module is going away.
 */
int ptree_owner_add(struct ptree_op *op)
{
	int r = 0;

	mutex_lock(&ops_mutex);
	if (closed)
		r = -ESHUTDOWN;
	else if (op_find(op->portid, op->number))
		r = -EEXIST;
	else if (nr_ops >= MAX_OPS)
		r = -EBUSY;
	if (r == 0) {
		list_add_tail(&op->link, &ops);
		nr_ops++;
		ptree_op_get(op);
		queue_work(queue, &op->clone_work);
	}
	mutex_unlock(&ops_mutex);
	return r;
}

/* ptree_owner_cloned() - the duplication has succeeded; false: nobody wants it any more. Arms the deadline. */
bool ptree_owner_cloned(struct ptree_op *op)
{
	s64 left = ktime_us_delta(op->deadline, ktime_get());
	bool wanted;

	mutex_lock(&ops_mutex);
	wanted = !op->aborted;
	if (wanted) {
		op->state = PTREE_OP_CLONED;
		ptree_op_get(op);
		queue_delayed_work(queue, &op->deadline_work, left > 0 ? usecs_to_jiffies(left) : 0);
	}
	mutex_unlock(&ops_mutex);
	return wanted;
}

/* ptree_owner_forget() - the op has come to its end, the source is thawed and the twins are gone. */
void ptree_owner_forget(struct ptree_op *op)
{
	mutex_lock(&ops_mutex);
	op_unlink(op);
	mutex_unlock(&ops_mutex);
}

/**
 * ptree_owner_busy() - take an op whose CLONE has succeeded for one request on its twins
 * @portid: the owner's socket
 * @number: the owner's number for the op
 *
 * One at a time; until ptree_owner_idle() it cannot be released, and the twins' files are the request's to replace.
 * Returns the op, counted; ERR_PTR: -ENOENT; -EBUSY not cloned yet, being discarded, or at another request.
 */
struct ptree_op *ptree_owner_busy(u32 portid, u32 number)
{
	struct ptree_op *op;

	mutex_lock(&ops_mutex);
	op = op_find(portid, number);
	if (!op) {
		op = ERR_PTR(-ENOENT);
	} else if (op->state != PTREE_OP_CLONED || op->aborted || op->busy) {
		op = ERR_PTR(-EBUSY);
	} else {
		op->busy = true;
		ptree_op_get(op);
	}
	mutex_unlock(&ops_mutex);
	return op;
}

/* ptree_owner_idle() - the request is done. The reference stays the caller's. */
void ptree_owner_idle(struct ptree_op *op)
{
	mutex_lock(&ops_mutex);
	op->busy = false;
	mutex_unlock(&ops_mutex);
}

/*
 * ptree_owner_release() - end an op and keep its clone
 * Errors: -ENOENT; -EBUSY not cloned yet, being discarded, or at a request; -ENOMEM.
 */
int ptree_owner_release(u32 portid, u32 number)
{
	struct ptree_op *op = ptree_owner_busy(portid, number);
	int r;

	if (IS_ERR(op))
		return PTR_ERR(op);
	ptree_memory_release(op);
	r = ptree_last_do(op);

	mutex_lock(&ops_mutex);
	op->busy = false;
	if (r == 0 && op->aborted)
		r = -EBUSY;
	if (r == 0) {
		ptree_stop_twins(op);
		op_unlink(op);
	}
	mutex_unlock(&ops_mutex);
	ptree_op_put(op);
	return r;
}

/* ptree_owner_discard() - have an op undone; its result follows. Errors: -ENOENT. */
int ptree_owner_discard(u32 portid, u32 number)
{
	struct ptree_op *op;

	mutex_lock(&ops_mutex);
	op = op_find(portid, number);
	if (op) {
		op->discard_asked = true;
		op_abort(op);
	}
	mutex_unlock(&ops_mutex);
	return op ? 0 : -ENOENT;
}

unsigned int ptree_owner_count(void)
{
	return READ_ONCE(nr_ops);
}

/* A netlink socket was closed, by its owner's will or death. Called in a context that may sleep. */
static int socket_closed(struct notifier_block *block, unsigned long event, void *data)
{
	struct netlink_notify *notify = data;
	struct ptree_op *op;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC || notify->net != &init_net)
		return NOTIFY_DONE;
	mutex_lock(&ops_mutex);
	list_for_each_entry(op, &ops, link)
		if (op->portid == notify->portid)
			op_abort(op);
	mutex_unlock(&ops_mutex);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = { .notifier_call = socket_closed };

int ptree_owner_init(void)
{
	int r;

	queue = alloc_workqueue("ptree", WQ_UNBOUND, 0);
	if (!queue)
		return -ENOMEM;
	r = netlink_register_notifier(&socket_notifier);
	if (r < 0)
		destroy_workqueue(queue);
	return r;
}

/* ptree_owner_exit() - undo all ops and wait for them. No new ones can come: the family is gone. */
void ptree_owner_exit(void)
{
	struct ptree_op *op;

	netlink_unregister_notifier(&socket_notifier);
	mutex_lock(&ops_mutex);
	closed = true;
	list_for_each_entry(op, &ops, link)
		op_abort(op);
	mutex_unlock(&ops_mutex);
	wait_event(ops_gone, !ptree_owner_count());
	destroy_workqueue(queue);
}
