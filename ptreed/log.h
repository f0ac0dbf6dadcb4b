/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ptreed writes to the journal; to standard error where there is none. One entry per clone: who, whose, how many. */
#ifndef PTREED_LOG_H
#define PTREED_LOG_H

#include <syslog.h>

#include "../libptree/ptree.h"
#include "../libptree/util.h"

/* Catalog ids of the structured entries: journalctl MESSAGE_ID=… */
#define LOG_ID_CLONE_NEW	"1ba2991900c04493982a652eeed89769"
#define LOG_ID_CLONE_REMOVED	"c05457bd0f4c43b4a7e8109de8a5337a"
#define LOG_ID_CLONE_FAILED	"25f32bc8b9404acdad995a5193de41eb"

/* log_open() - decides where to; call once. */
void log_open(void);

void log_message(int priority, const char *format, ...) _printf_(2, 3);
void log_clone_new(const struct ptree_clone *c);
void log_clone_removed(const struct ptree_clone *c, int status);
void log_clone_failed(pid_t source, uid_t uid, int error, const char *message);

#endif
