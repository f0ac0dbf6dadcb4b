// SPDX-License-Identifier: GPL-2.0-only
/*
 * The input of a terminal that nobody has read yet: what its line discipline holds, worked through to the last line, and
 * what waits in front of that because there was no room. No system call shows it without taking it.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_flip.h>
#include "n_tty.h"
#include "tty.h"

struct ptree_tty_input {
	bool stopped, tco_stopped;	/* output: ^S, tcflow() */
	u8 packet_status;		/* of a slave: what its master is to be told in packet mode */
	bool has_line;
	struct ptree_n_tty line;
	size_t nr_waiting;
	u8 waiting[];
};

static bool is_n_tty(const struct tty_ldisc *discipline)
{
	return discipline->ops->num == N_TTY;
}

/* With the port's buffer locked: bytes that have come and not been given to the line discipline. Copies if @to. */
static size_t waiting_copy(struct tty_port *port, u8 *to, size_t room)
{
	struct tty_buffer *buffer, *next;
	size_t nr = 0;

	/* Writers append all the while: each pair of loads as flush_to_ldisc() has them. */
	for (buffer = port->buf.head; buffer; buffer = next) {
		size_t count;

		next = smp_load_acquire(&buffer->next);
		count = smp_load_acquire(&buffer->commit) - buffer->read;
		if (to) {
			count = min(count, room - nr);
			memcpy(to + nr, char_buf_ptr(buffer, buffer->read), count);
		}
		nr += count;
	}
	return nr;
}

/*
 * With the port's buffer locked, so that nothing is added. Whoever reads meanwhile moves the tail only, and what it has
 * passed stays where it was until more is added.
 */
static bool line_copy(struct ptree_n_tty *to, const struct ptree_n_tty *from)
{
	size_t tail = smp_load_acquire(&from->read_tail);

	*to = (struct ptree_n_tty){
		.read_head = from->read_head,
		.commit_head = from->commit_head,
		.canon_head = from->canon_head,
		.lnext = from->lnext,
		.erasing = from->erasing,
		.push = from->push,
		.read_tail = tail,
		.line_start = from->line_start,
		.column = from->column,
		.canon_column = from->canon_column,
	};
	/* Of another layout than n_tty.h has. */
	if (WARN_ON_ONCE(to->read_head - tail > PTREE_N_TTY_SIZE))
		return false;
	if (to->read_head != tail) {
		memcpy(to->read_buf, from->read_buf, sizeof(to->read_buf));
		bitmap_copy(to->read_flags, from->read_flags, PTREE_N_TTY_SIZE);
	}
	return true;
}

struct ptree_tty_input *ptree_tty_input_get(struct file *file)
{
	struct tty_struct *tty = ptree_tty_end(file);
	struct ptree_tty_input *input = NULL;
	struct tty_ldisc *discipline;
	size_t nr;

	if (tty_hung_up_p(file))
		return NULL;
	discipline = tty_ldisc_ref(tty);
	if (!discipline)
		return NULL;
	tty_buffer_lock_exclusive(tty->port);
	nr = waiting_copy(tty->port, NULL, 0);
	input = kvzalloc(struct_size(input, waiting, nr), GFP_KERNEL_ACCOUNT);
	if (input) {
		input->stopped = READ_ONCE(tty->flow.stopped);
		input->tco_stopped = READ_ONCE(tty->flow.tco_stopped);
		input->packet_status = READ_ONCE(tty->ctrl.pktstatus);
		input->nr_waiting = waiting_copy(tty->port, input->waiting, nr);
		input->has_line = is_n_tty(discipline) && line_copy(&input->line, tty->disc_data);
	}
	tty_buffer_unlock_exclusive(tty->port);
	tty_ldisc_deref(discipline);
	return input ?: ERR_PTR(-ENOMEM);
}

/*
 * The modes (raw, canonical) are those of the new terminal's own termios. False: it has received something already, and
 * keeps what it has.
 */
static bool line_put(struct ptree_n_tty *to, const struct ptree_tty_input *input)
{
	const struct ptree_n_tty *from = &input->line;

	if (to->read_head)
		return false;
	if (!input->has_line)
		return true;
	to->read_head = from->read_head;
	to->commit_head = from->commit_head;
	to->canon_head = from->canon_head;
	to->read_tail = from->read_tail;
	to->line_start = from->line_start;
	to->lnext = from->lnext;
	to->erasing = from->erasing;
	to->push = from->push;
	to->column = from->column;
	to->canon_column = from->canon_column;
	memcpy(to->read_buf, from->read_buf, sizeof(to->read_buf));
	bitmap_copy(to->read_flags, from->read_flags, PTREE_N_TTY_SIZE);
	return true;
}

void ptree_tty_input_put(struct file *file, const struct ptree_tty_input *input)
{
	struct tty_struct *tty = ptree_tty_end(file);
	struct tty_ldisc *discipline = tty_ldisc_ref(tty);
	bool fresh;

	if (!discipline)
		return;
	fresh = is_n_tty(discipline);
	if (fresh) {
		tty_buffer_lock_exclusive(tty->port);
		down_write(&tty->termios_rwsem);
		fresh = line_put(tty->disc_data, input);
		up_write(&tty->termios_rwsem);
		tty_buffer_unlock_exclusive(tty->port);
	}
	tty_ldisc_deref(discipline);
	if (!fresh)
		return;

	spin_lock_irq(&tty->flow.lock);
	tty->flow.stopped = input->stopped;
	tty->flow.tco_stopped = input->tco_stopped;
	spin_unlock_irq(&tty->flow.lock);
	spin_lock_irq(&tty->ctrl.lock);
	tty->ctrl.pktstatus = input->packet_status;
	spin_unlock_irq(&tty->ctrl.lock);

	if (input->nr_waiting) {
		tty_insert_flip_string(tty->port, input->waiting, input->nr_waiting);
		tty_flip_buffer_push(tty->port);
	}
}
