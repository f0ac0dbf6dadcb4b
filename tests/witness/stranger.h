/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody outside of the tree: for witnesses whose state has another end there. */
#ifndef STRANGER_H
#define STRANGER_H

/* Runs @body in a process that is nobody's child in the tree; it must end on its own, when the source's ends close. */
void witness_stranger(void (*body)(void *), void *argument);

#endif
