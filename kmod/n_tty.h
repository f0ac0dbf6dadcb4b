/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the N_TTY line discipline, as drivers/tty/n_tty.c declares it for itself: the bytes that a terminal has
 * received and nobody has read. Nothing exported reads them without taking them away. Read in v6.1, v6.12 and v7.2,
 * where the layout is one and the same.
 */
#ifndef PTREE_N_TTY_H
#define PTREE_N_TTY_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/types.h>

#define PTREE_N_TTY_SIZE 4096	/* N_TTY_BUF_SIZE */

struct ptree_n_tty {
	/* producer-published */
	size_t read_head;
	size_t commit_head;
	size_t canon_head;
	size_t echo_head;
	size_t echo_commit;
	size_t echo_mark;
	DECLARE_BITMAP(char_map, 256);

	/* private to n_tty_receive_overrun (single-threaded) */
	unsigned long overrun_time;
	unsigned int num_overrun;

	/* non-atomic */
	bool no_room;

	/* must hold exclusive termios_rwsem to reset these */
	unsigned char lnext:1, erasing:1, raw:1, real_raw:1, icanon:1;
	unsigned char push:1;

	/* shared by producer and consumer */
	u8 read_buf[PTREE_N_TTY_SIZE];
	DECLARE_BITMAP(read_flags, PTREE_N_TTY_SIZE);
	u8 echo_buf[PTREE_N_TTY_SIZE];

	/* consumer-published */
	size_t read_tail;
	size_t line_start;

	/* # of chars looked ahead (to find software flow control chars) */
	size_t lookahead_count;

	/* protected by output lock */
	unsigned int column;
	unsigned int canon_column;
	size_t echo_tail;

	struct mutex atomic_read_lock;
	struct mutex output_lock;
};

#endif
