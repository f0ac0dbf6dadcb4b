#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks to the module without libptree: what a confused or hostile sender might send must be refused.

netlink.py TEST CGROUP PID; prints what is wrong, and exits 1 if anything is.
"""
import ctypes
import os
import signal
import socket
import struct
import sys

GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
FEATURES, CLONE, RELEASE, DISCARD, FILES, INSTALL, CALL = range(1, 8)
(A_PAD, A_ABI, A_VERSION, A_FEATURES, A_MAX_MEMBERS, A_MAX_THREADS, A_NR_OPS, A_OP, A_MEMBERS, A_INIT, A_CGROUP,
 A_FREEZE, A_DEADLINE, A_REQUESTER, A_FLAGS, A_ERRNO, A_MESSAGE, A_PID, A_TWINS) = range(1, 20)
EPERM, ENOENT, EBADF, EINVAL, EAGAIN, EOPNOTSUPP, ERANGE, ENOMEM, EBUSY, ESRCH, E2BIG, EEXIST, EMSGSIZE = (
    1, 2, 9, 22, 11, 95, 34, 12, 16, 3, 7, 17, 90)
CLONE_NEWPID, CLONE_NEWUSER, PR_SET_PDEATHSIG = 0x20000000, 0x10000000, 1
WRONG = []
libc = ctypes.CDLL(None)


def attribute(kind, data):
    return struct.pack('HH', 4 + len(data), kind) + data + b'\0' * (-len(data) % 4)


def u32(kind, value):
    return attribute(kind, struct.pack('I', value))


def u64(kind, value):
    return attribute(kind, struct.pack('Q', value))


def fds(kind, *values):
    return attribute(kind, struct.pack(f'{len(values)}i', *values))


class Module:
    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.settimeout(20)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.sequence = 0
        self.results = []
        self.family = GENL_ID_CTRL
        r, reply = self.ask(CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, b'ptree\0'), ack=False)
        if r:
            raise SystemExit(f'the family ptree is not there: {os.strerror(-r)}')
        at = 20
        while at < len(reply):
            size, kind = struct.unpack_from('HH', reply, at)
            if kind == CTRL_ATTR_FAMILY_ID:
                self.family = struct.unpack_from('H', reply, at + 4)[0]
            at += (size + 3) & ~3

    def send(self, message):
        self.socket.send(message)

    def ask(self, command, body=b'', ack=True, version=1, genl=None):
        """The errno of the acknowledgement (0 or negative), and the reply if one came first."""
        self.sequence += 1
        header = struct.pack('BBH', command, version, 0) if genl is None else genl
        size = 16 + len(header) + len(body)
        self.send(struct.pack('IHHII', size, self.family, NLM_F_REQUEST | (NLM_F_ACK if ack else 0), self.sequence, 0) +
                  header + body)
        reply = b''
        while True:
            got = self.socket.recv(1 << 18)
            kind, sequence = struct.unpack_from('4xH2xI', got)
            if sequence != self.sequence:
                if sequence == 0: # a result, which may overtake the acknowledgement
                    self.results.append(got)
                continue
            if kind == NLMSG_ERROR:
                return struct.unpack_from('i', got, 16)[0], reply
            reply = got
            if not ack:
                return 0, reply


def expect(what, got, *wanted):
    if got not in [-w for w in wanted]:
        WRONG.append(f'{what} is answered with {got}, not with {" or ".join(str(-w) for w in wanted)}')


def new_init():
    """A pidfd of a process that is pid 1 of a new pid namespace, and sleeps."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.unshare(CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            while True:
                signal.pause()
        os.write(writing, str(pid).encode())
        signal.pause()
    pid = int(os.read(reading, 16))
    os.close(reading)
    os.close(writing)
    return os.pidfd_open(pid)


def clone_body(number=7, **replaced):
    """A request for a clone of a process that is not frozen: it is refused late, if not for its form."""
    parts = {
        'op': u32(A_OP, number), 'members': fds(A_MEMBERS, CHILD), 'init': fds(A_INIT, INIT), 'cgroup': fds(A_CGROUP, CGROUP),
        'freeze': fds(A_FREEZE, FREEZE), 'deadline': u64(A_DEADLINE, 1000000),
    }
    parts.update(replaced)
    return b''.join(parts.values())


def test_attributes(module):
    expect('FEATURES', module.ask(FEATURES)[0], 0)
    expect('an unknown command', module.ask(99)[0], EOPNOTSUPP, EINVAL)
    expect('command 0', module.ask(0)[0], EOPNOTSUPP, EINVAL)
    expect('FILES that is no dump', module.ask(FILES)[0], EOPNOTSUPP)
    for name, command in (('INSTALL', INSTALL), ('CALL', CALL)):
        expect(f'{name} of nothing', module.ask(command)[0], EINVAL)
        expect(f'{name} of an unknown op', module.ask(command, u32(A_OP, 77))[0], ENOENT)
    expect('an unknown attribute', module.ask(FEATURES, u32(200, 1))[0], EINVAL)
    expect('an attribute of another command', module.ask(FEATURES, u32(A_OP, 1))[0], EINVAL)
    expect('an attribute of a reply', module.ask(RELEASE, u32(A_OP, 1) + u32(A_ERRNO, 1))[0], EINVAL)
    expect('RELEASE of nothing', module.ask(RELEASE)[0], EINVAL)
    expect('RELEASE of an unknown op', module.ask(RELEASE, u32(A_OP, 77))[0], ENOENT)
    expect('DISCARD of an unknown op', module.ask(DISCARD, u32(A_OP, 77))[0], ENOENT)
    expect('op 0', module.ask(RELEASE, u32(A_OP, 0))[0], EINVAL, ERANGE)
    for name in ('op', 'members', 'init', 'cgroup', 'freeze', 'deadline'):
        expect(f'CLONE without {name}', module.ask(CLONE, clone_body(**{name: b''}))[0], EINVAL)
    expect('CLONE of nobody', module.ask(CLONE, clone_body(members=fds(A_MEMBERS)))[0], EINVAL, ERANGE)
    expect('a broken list', module.ask(CLONE, clone_body(members=attribute(A_MEMBERS, b'\1\0\0')))[0], EINVAL, ERANGE)
    expect('a short number', module.ask(CLONE, clone_body(op=attribute(A_OP, b'\1\0')))[0], EINVAL, ERANGE)
    expect('a fd that is not open', module.ask(CLONE, clone_body(members=fds(A_MEMBERS, 900)))[0], EBADF)
    expect('a negative fd', module.ask(CLONE, clone_body(init=fds(A_INIT, -1)))[0], EBADF, EINVAL, ERANGE)
    null = os.open('/dev/null', os.O_RDWR)
    for name, kind in (('members', A_MEMBERS), ('init', A_INIT), ('cgroup', A_CGROUP), ('freeze', A_FREEZE)):
        expect(f'/dev/null as {name}', module.ask(CLONE, clone_body(**{name: fds(kind, null)}))[0], EBADF, EINVAL)
    expect('deadline 0', module.ask(CLONE, clone_body(deadline=u64(A_DEADLINE, 0)))[0], EINVAL, ERANGE)
    expect('an unknown flag', module.ask(CLONE, clone_body(flags=u32(A_FLAGS, 1 << 31)))[0], EINVAL, ERANGE)
    expect('a huge list', module.ask(CLONE, clone_body(members=fds(A_MEMBERS, *[0] * 16002)))[0],
           EINVAL, ERANGE, E2BIG, EMSGSIZE, EBADF)
    expect('FEATURES afterwards', module.ask(FEATURES)[0], 0)


def test_truncated(module):
    body = clone_body()
    # With each end that a message can be cut off at; the netlink header tells the truth, or the whole length.
    for size in range(0, len(body), 3):
        expect(f'CLONE cut off after {size}', module.ask(CLONE, body[:size])[0], EINVAL, ERANGE, EBADF)
    expect('no genetlink header', module.ask(0, genl=b'')[0], EINVAL)
    for claimed in (0, 5, 15, 16, 1 << 16, 0xffffffff):
        module.send(struct.pack('IHHII', claimed, module.family, NLM_F_REQUEST, 1, 0) + struct.pack('BBH', CLONE, 1, 0))
    bad = bytearray(body)
    for at in range(0, len(bad) - 2, 5):
        wrong = bytearray(bad)
        wrong[at:at + 2] = b'\xff\xff'
        module.ask(CLONE, bytes(wrong))
    expect('FEATURES afterwards', module.ask(FEATURES)[0], 0)


def test_rights(module):
    expect('FEATURES by root', module.ask(FEATURES)[0], 0)
    opened_by_root = module
    pid = os.fork()
    if pid == 0:
        # As nobody, by a socket of its own and by root's.
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        for name, its in (('its own socket', Module()), ("root's socket", opened_by_root)):
            expect(f'FEATURES by nobody through {name}', its.ask(FEATURES)[0], EPERM)
            expect(f'CLONE by nobody through {name}', its.ask(CLONE, u32(A_OP, 1))[0], EPERM, EINVAL)
        print('; '.join(WRONG))
        sys.stdout.flush()
        os._exit(1 if WRONG else 0)
    if os.waitpid(pid, 0)[1]:
        WRONG.append('see above')
    # A child in a user namespace of its own is root there, and nobody here.
    pid = os.fork()
    if pid == 0:
        os.unshare(CLONE_NEWUSER)
        r = Module().ask(FEATURES)[0]
        os._exit(0 if r == -EPERM else 1)
    if os.waitpid(pid, 0)[1]:
        WRONG.append('root of another user namespace may talk to the module')


def result(module, number, **replaced):
    """The errno of the result, which comes as a message of its own; an init of its own, for a refusal ends that."""
    r = module.ask(CLONE, clone_body(number, **{'init': fds(A_INIT, new_init()), **replaced}))[0]
    if r:
        return r
    got = module.results.pop(0) if module.results else module.socket.recv(1 << 16)
    at = 20
    while at < len(got):
        size, kind = struct.unpack_from('HH', got, at)
        if kind == A_ERRNO:
            r = struct.unpack_from('i', got, at + 4)[0]
        at += (size + 3) & ~3
    module.ask(DISCARD, u32(A_OP, number))
    return r


def test_members(module):
    expect('CLONE of a process that is not frozen', result(module, 1), EAGAIN)
    expect('CLONE of a kernel thread', result(module, 2, members=fds(A_MEMBERS, os.pidfd_open(2))), EINVAL)
    expect('CLONE of the caller', result(module, 3, members=fds(A_MEMBERS, os.pidfd_open(os.getpid()))), EAGAIN)
    expect('CLONE of one member twice', result(module, 4, members=fds(A_MEMBERS, CHILD, CHILD)), EINVAL, EAGAIN)
    expect('CLONE of strangers', result(module, 5, members=fds(A_MEMBERS, CHILD, os.pidfd_open(1))), EINVAL, EAGAIN)
    expect('an init that is none', result(module, 6, init=fds(A_INIT, os.pidfd_open(os.getpid()))), EINVAL)
    expect('FEATURES afterwards', module.ask(FEATURES)[0], 0)


if __name__ == '__main__':
    CGROUP = os.open(sys.argv[2], os.O_RDONLY)
    FREEZE = os.open(sys.argv[2] + '/cgroup.freeze', os.O_WRONLY)
    CHILD = os.pidfd_open(int(sys.argv[3]))
    os.setpgid(0, 0)
    INIT = new_init()
    try:
        globals()['test_' + sys.argv[1]](Module())
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.pidfd_send_signal(INIT, signal.SIGKILL)
        os.killpg(0, signal.SIGTERM)
    print('; '.join(WRONG))
    sys.exit(1 if WRONG else 0)
