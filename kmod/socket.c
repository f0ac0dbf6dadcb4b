// SPDX-License-Identifier: GPL-2.0-only
/* Sockets: what FILES tells of them, and what INSTALL makes alike that no system call can. */
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <net/af_unix.h>
#include <net/sock.h>
#include "files.h"
#include "op.h"
#include "symbols.h"

static u64 cookie_of(struct sock *sk)
{
	u64 cookie;

	preempt_disable();
	cookie = borrowed(__sock_gen_cookie)(sk);
	preempt_enable();
	return cookie;
}

/* ptree_socket_describe() - fill in what is a socket's. @file is one, and not O_PATH. */
void ptree_socket_describe(struct ptree_file_info *info, struct file *file)
{
	struct socket *socket = sock_from_file(file);
	struct sock *sk = socket ? socket->sk : NULL;

	if (!sk)
		return;
	info->family = sk->sk_family;
	info->type = sk->sk_type;
	info->protocol = sk->sk_protocol;
	info->state = READ_ONCE(sk->sk_state);
	info->cookie = cookie_of(sk);
	info->queued = skb_queue_len_lockless(&sk->sk_receive_queue);
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		info->is |= PTREE_FILE_SHUT_READ;
	if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		info->is |= PTREE_FILE_SHUT_WRITE;
	if (info->state == TCP_LISTEN)
		info->backlog = sk->sk_family == AF_UNIX ? info->queued : READ_ONCE(sk->sk_ack_backlog);
	if (sk->sk_family == AF_UNIX) {
		unix_state_lock(sk);
		if (unix_peer(sk))
			info->peer = cookie_of(unix_peer(sk));
		unix_state_unlock(sk);
	}
}

static struct sock *unix_of(struct file *file)
{
	struct socket *socket = sock_from_file(file);

	return socket && socket->sk && socket->sk->sk_family == AF_UNIX ? socket->sk : NULL;
}

/*
 * The address is a counted object of its own, which the sockets that accept() makes share with their listener. So does
 * this: mirrors unix_stream_connect() (net/unix/af_unix.c, read in v6.1, v6.12, v7.2). The double is in no table of names,
 * and its end takes none away.
 */
static void address_share(struct sock *new, struct sock *old)
{
	struct unix_address *address = smp_load_acquire(&unix_sk(old)->addr);

	if (!address)
		return;
	unix_state_lock(new);
	if (!unix_sk(new)->addr) {
		refcount_inc(&address->refcnt);
		if (unix_sk(old)->path.dentry) {
			path_get(&unix_sk(old)->path);
			unix_sk(new)->path = unix_sk(old)->path;
		}
		smp_store_release(&unix_sk(new)->addr, address);
	}
	unix_state_unlock(new);
}

/* A member's pid becomes its twin's. Counted. */
static struct pid *pid_translate(struct ptree_op *op, struct pid *pid)
{
	struct pid *twin;
	pid_t nr;

	if (!pid)
		return NULL;
	nr = pid_nr_ns(pid, op->source_ns);
	rcu_read_lock();
	twin = nr > 1 ? get_pid(find_pid_ns(nr, op->ns)) : NULL;
	rcu_read_unlock();
	return twin ?: get_pid(pid);
}

static void peer_credentials_copy(struct ptree_op *op, struct sock *new, struct sock *old)
{
	const struct cred *cred;
	struct pid *pid, *translated;

	spin_lock(&old->sk_peer_lock);
	pid = get_pid(old->sk_peer_pid);
	cred = old->sk_peer_cred ? get_cred(old->sk_peer_cred) : NULL;
	spin_unlock(&old->sk_peer_lock);

	translated = pid_translate(op, pid);
	put_pid(pid);
	spin_lock(&new->sk_peer_lock);
	swap(new->sk_peer_pid, translated);
	swap(new->sk_peer_cred, cred);
	spin_unlock(&new->sk_peer_lock);
	put_pid(translated);
	put_cred(cred);
}

/* ptree_socket_resemble() - give a UNIX socket another's address and its peer's credentials; others are left alone. */
void ptree_socket_resemble(struct ptree_op *op, struct file *new, struct file *old)
{
	struct sock *to = unix_of(new), *from = unix_of(old);

	if (!to || !from || to == from)
		return;
	address_share(to, from);
	peer_credentials_copy(op, to, from);
}
