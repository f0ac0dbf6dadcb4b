// SPDX-License-Identifier: GPL-2.0-only
/*
 * Terminals: facts about them, and sessions. The controlling terminal is a matter of each process of a session
 * (signal->tty), but TIOCSCTTY gives it to the session's leader alone, before the leader has children; and the leader of
 * a clone's session may not be in the clone. So what INSTALL gives in place of a terminal is given to all at once here.
 */
#include <linux/once.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include "op.h"
#include "symbols.h"
#include "tty.h"

/* All files of terminals end the same way: slaves, masters, consoles, and those that were hung up. */
bool ptree_tty_is(const struct file *file)
{
	return file->f_op->release == ptree_tty_fops->release;
}

bool ptree_tty_same(const struct file *a, const struct file *b)
{
	return ptree_tty_is(a) && ptree_tty_is(b) && ptree_tty_end(a) == ptree_tty_end(b);
}

static bool is_master(const struct tty_struct *tty)
{
	return tty->driver->type == TTY_DRIVER_TYPE_PTY && tty->driver->subtype == PTY_TYPE_MASTER;
}

/* What processes have as their terminal: of a pty its slave, whichever end is open. */
static struct tty_struct *terminal_of(const struct file *file)
{
	struct tty_struct *tty = ptree_tty_end(file);

	return is_master(tty) ? tty->link : tty;
}

/* Numbers of terminals are a driver's, those of ptys a devpts instance's: only the address tells one from all others. */
static u64 id_of(const struct tty_struct *tty)
{
	static siphash_key_t key __read_mostly;

	get_random_once(&key, sizeof(key));
	return siphash_1u64((u64)(unsigned long)tty, &key);
}

static u32 files_count(struct tty_struct *tty)
{
	const struct tty_file_private *private;
	u32 nr = 0;

	spin_lock(&tty->files_lock);
	list_for_each_entry(private, &tty->tty_files, list)
		nr++;
	spin_unlock(&tty->files_lock);
	return nr;
}

void ptree_tty_describe(struct ptree_file_info *info, struct file *file, const struct tty_struct *controlling)
{
	struct tty_struct *end = ptree_tty_end(file), *tty = terminal_of(file);

	info->is |= PTREE_FILE_TTY;
	if (is_master(end))
		info->is |= PTREE_FILE_MASTER;
	/* The master of a pty whose slaves were all closed; it is no matter whether one never was open. */
	if (tty_hung_up_p(file) || (is_master(end) && test_bit(TTY_OTHER_CLOSED, &end->flags)))
		info->is |= PTREE_FILE_HUNG_UP;
	if (tty == controlling)
		info->is |= PTREE_FILE_CONTROLLING;
	info->cookie = id_of(tty);
	info->readers = files_count(tty);
}

const struct tty_struct *ptree_tty_controlling(struct task_struct *task)
{
	const struct tty_struct *tty = NULL;

	read_lock(ptree_tasklist_lock);
	if (task->sighand) {
		spin_lock_irq(&task->sighand->siglock);
		tty = task->signal->tty;
		spin_unlock_irq(&task->sighand->siglock);
	}
	read_unlock(ptree_tasklist_lock);
	return tty;
}

void ptree_tty_take(struct ptree_member *member, struct task_struct *twin)
{
	struct pid *front;

	spin_lock_irq(&twin->sighand->siglock);
	member->tty = twin->signal->tty;
	twin->signal->tty = NULL;
	spin_unlock_irq(&twin->sighand->siglock);
	if (!member->tty)
		return;
	front = tty_get_pgrp(member->tty);
	member->tty_pgrp = pid_nr_ns(front, member->op->source_ns);
	put_pid(front);
}

/*
 * Gives @to to all twins whose sources had @from. The foreground group is the twin of the source's, if it is in the
 * clone; if not (a job in the background of a shell that is outside), that of the topmost member, since nobody is there to
 * put it into the foreground. Mirrors __proc_set_tty() (drivers/tty/tty_jobctrl.c), read in v6.1, v6.12, v7.2.
 */
static void sessions_give(struct ptree_op *op, struct tty_struct *to, const struct tty_struct *from)
{
	struct task_struct *last = NULL, *front = NULL;
	unsigned int i;

	tty_lock(to);
	read_lock(ptree_tasklist_lock);
	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];
		struct task_struct *twin = member_twin(member);

		/* One that was killed since has no handlers, and no group or session. */
		if (member->tty != from || !twin->sighand)
			continue;
		if (to->ctrl.session && to->ctrl.session != task_session(twin))
			continue;
		spin_lock_irq(&twin->sighand->siglock);
		if (!twin->signal->tty)
			twin->signal->tty = tty_kref_get(to);
		spin_unlock_irq(&twin->sighand->siglock);
		last = twin;
		if (task_pgrp_nr_ns(twin, op->ns) == member->tty_pgrp)
			front = twin;
	}
	if (last && !to->ctrl.session) {
		spin_lock_irq(&to->ctrl.lock);
		to->ctrl.session = get_pid(task_session(last));
		to->ctrl.pgrp = get_pid(task_pgrp(front ?: last));
		spin_unlock_irq(&to->ctrl.lock);
	}
	read_unlock(ptree_tasklist_lock);
	tty_unlock(to);
}

static bool is_others(struct ptree_op *op, struct tty_struct *tty)
{
	bool others;

	spin_lock_irq(&tty->ctrl.lock);
	others = tty->ctrl.session && ns_of_pid(tty->ctrl.session) != op->ns;
	spin_unlock_irq(&tty->ctrl.lock);
	return others;
}

void ptree_tty_resemble(struct ptree_op *op, struct file *new, struct file *old, const struct ptree_tty_input *input)
{
	struct tty_struct *to, *from;

	if (!ptree_tty_is(new) || !ptree_tty_is(old))
		return;
	to = terminal_of(new);
	from = terminal_of(old);
	if (to == from)
		return;
	/* Another session's: the one that the clone was asked to use from now on. */
	if (is_others(op, to))
		return;
	if (input)
		ptree_tty_input_put(new, input);
	sessions_give(op, to, from);
}
