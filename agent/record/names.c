/* SPDX-License-Identifier: Apache-2.0 */
#include "record/names.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"

/* The kernel's values: the C library defines O_LARGEFILE as 0 where long has 64 bits. */
#define KERNEL_O_LARGEFILE 0100000
#define KERNEL_AF_SMC	   43
#define KERNEL_AF_XDP	   44
#define KERNEL_AF_MCTP	   45

struct flag_name {
	uint64_t bits; /* all of them */
	const char *name;
};

/* Names that comprise others' bits come first. */
static const struct flag_name open_flags[] = {
	{ O_CREAT, "O_CREAT" },
	{ O_EXCL, "O_EXCL" },
	{ O_NOCTTY, "O_NOCTTY" },
	{ O_TRUNC, "O_TRUNC" },
	{ O_APPEND, "O_APPEND" },
	{ O_NONBLOCK, "O_NONBLOCK" },
	{ O_SYNC, "O_SYNC" },
	{ O_DSYNC, "O_DSYNC" },
	{ O_ASYNC, "O_ASYNC" },
	{ O_DIRECT, "O_DIRECT" },
	{ KERNEL_O_LARGEFILE, "O_LARGEFILE" },
	{ O_TMPFILE, "O_TMPFILE" },
	{ O_DIRECTORY, "O_DIRECTORY" },
	{ O_NOFOLLOW, "O_NOFOLLOW" },
	{ O_NOATIME, "O_NOATIME" },
	{ O_CLOEXEC, "O_CLOEXEC" },
	{ O_PATH, "O_PATH" },
};

/* The C library has them in sys/mount.h, which does not go with linux/mount.h. */
static const struct flag_name tree_flags[] = {
	{ 0x1, "OPEN_TREE_CLONE" },   { AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW" },
	{ 0x800, "AT_NO_AUTOMOUNT" }, { 0x1000, "AT_EMPTY_PATH" },
	{ 0x8000, "AT_RECURSIVE" },   { O_CLOEXEC, "OPEN_TREE_CLOEXEC" },
};

static const struct flag_name resolve_flags[] = {
	{ RESOLVE_NO_XDEV, "RESOLVE_NO_XDEV" },
	{ RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS" },
	{ RESOLVE_NO_SYMLINKS, "RESOLVE_NO_SYMLINKS" },
	{ RESOLVE_BENEATH, "RESOLVE_BENEATH" },
	{ RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT" },
	{ RESOLVE_CACHED, "RESOLVE_CACHED" },
};

static const char *const families[] = {
	[AF_UNSPEC] = "AF_UNSPEC",
	[AF_UNIX] = "AF_UNIX",
	[AF_INET] = "AF_INET",
	[AF_AX25] = "AF_AX25",
	[AF_IPX] = "AF_IPX",
	[AF_APPLETALK] = "AF_APPLETALK",
	[AF_NETROM] = "AF_NETROM",
	[AF_BRIDGE] = "AF_BRIDGE",
	[AF_ATMPVC] = "AF_ATMPVC",
	[AF_X25] = "AF_X25",
	[AF_INET6] = "AF_INET6",
	[AF_ROSE] = "AF_ROSE",
	[AF_DECnet] = "AF_DECNET",
	[AF_NETBEUI] = "AF_NETBEUI",
	[AF_SECURITY] = "AF_SECURITY",
	[AF_KEY] = "AF_KEY",
	[AF_NETLINK] = "AF_NETLINK",
	[AF_PACKET] = "AF_PACKET",
	[AF_ASH] = "AF_ASH",
	[AF_ECONET] = "AF_ECONET",
	[AF_ATMSVC] = "AF_ATMSVC",
	[AF_RDS] = "AF_RDS",
	[AF_SNA] = "AF_SNA",
	[AF_IRDA] = "AF_IRDA",
	[AF_PPPOX] = "AF_PPPOX",
	[AF_WANPIPE] = "AF_WANPIPE",
	[AF_LLC] = "AF_LLC",
	[AF_IB] = "AF_IB",
	[AF_MPLS] = "AF_MPLS",
	[AF_CAN] = "AF_CAN",
	[AF_TIPC] = "AF_TIPC",
	[AF_BLUETOOTH] = "AF_BLUETOOTH",
	[AF_IUCV] = "AF_IUCV",
	[AF_RXRPC] = "AF_RXRPC",
	[AF_ISDN] = "AF_ISDN",
	[AF_PHONET] = "AF_PHONET",
	[AF_IEEE802154] = "AF_IEEE802154",
	[AF_CAIF] = "AF_CAIF",
	[AF_ALG] = "AF_ALG",
	[AF_NFC] = "AF_NFC",
	[AF_VSOCK] = "AF_VSOCK",
	[AF_KCM] = "AF_KCM",
	[AF_QIPCRTR] = "AF_QIPCRTR",
	[KERNEL_AF_SMC] = "AF_SMC",
	[KERNEL_AF_XDP] = "AF_XDP",
	[KERNEL_AF_MCTP] = "AF_MCTP",
};

static const char *const socket_types[] = {
	[SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram",	  [SOCK_RAW] = "raw",
	[SOCK_RDM] = "rdm",	  [SOCK_SEQPACKET] = "seqpacket", [SOCK_DCCP] = "dccp",
	[SOCK_PACKET] = "packet",
};

static const char *const protocols[] = {
	[IPPROTO_IP] = "ip",
	[IPPROTO_ICMP] = "icmp",
	[IPPROTO_IGMP] = "igmp",
	[IPPROTO_IPIP] = "ipencap",
	[IPPROTO_TCP] = "tcp",
	[IPPROTO_EGP] = "egp",
	[IPPROTO_PUP] = "pup",
	[IPPROTO_UDP] = "udp",
	[IPPROTO_DCCP] = "dccp",
	[IPPROTO_IPV6] = "ipv6",
	[IPPROTO_RSVP] = "rsvp",
	[IPPROTO_GRE] = "gre",
	[IPPROTO_ESP] = "esp",
	[IPPROTO_AH] = "ah",
	[IPPROTO_ICMPV6] = "ipv6-icmp",
	[89] = "ospf",
	[IPPROTO_PIM] = "pim",
	[IPPROTO_COMP] = "ipcomp",
	[112] = "vrrp",
	[115] = "l2tp",
	[IPPROTO_SCTP] = "sctp",
	[IPPROTO_UDPLITE] = "udplite",
	[IPPROTO_MPLS] = "mpls-in-ip",
	[IPPROTO_RAW] = "raw",
	[262] = "mptcp", /* IPPROTO_MPTCP, which is on no wire */
};

static const char *names_next(struct flag_walk *walk, const struct flag_name *names, size_t count)
{
	while (walk->index < count) {
		const struct flag_name *flag = &names[walk->index++];

		if ((walk->rest & flag->bits) != flag->bits)
			continue;
		walk->rest &= ~flag->bits;
		return flag->name;
	}
	return NULL;
}

static const char *names_at(const char *const *names, size_t count, unsigned int number)
{
	return number < count ? names[number] : NULL;
}

const char *names_open_flag(struct flag_walk *walk)
{
	if (walk->index == 0)
		walk->rest &= ~(uint64_t)O_ACCMODE;
	return names_next(walk, open_flags, ARRAY_SIZE(open_flags));
}

const char *names_resolve_flag(struct flag_walk *walk)
{
	return names_next(walk, resolve_flags, ARRAY_SIZE(resolve_flags));
}

const char *names_tree_flag(struct flag_walk *walk)
{
	return names_next(walk, tree_flags, ARRAY_SIZE(tree_flags));
}

const char *names_access_mode(uint64_t flags)
{
	/* The fourth, 3, asks for permission to read and write, and gives neither: open(2). */
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	return modes[flags & O_ACCMODE];
}

const char *names_family(unsigned int family)
{
	return names_at(families, ARRAY_SIZE(families), family);
}

const char *names_socket_type(unsigned int type)
{
	return names_at(socket_types, ARRAY_SIZE(socket_types), type);
}

const char *names_protocol(unsigned int protocol)
{
	return names_at(protocols, ARRAY_SIZE(protocols), protocol);
}

void names_signal(unsigned int number, char ret[NAMES_SIGNAL_SIZE])
{
	const unsigned int rtmin = (unsigned int)SIGRTMIN, rtmax = (unsigned int)SIGRTMAX;
	const char *name = number < NSIG ? sigabbrev_np((int)number) : NULL;

	if (name)
		snprintf(ret, NAMES_SIGNAL_SIZE, "SIG%.11s", name);
	else if (number == rtmin)
		snprintf(ret, NAMES_SIGNAL_SIZE, "SIGRTMIN");
	else if (number > rtmin && number <= rtmax)
		snprintf(ret, NAMES_SIGNAL_SIZE, "SIGRTMIN+%u", number - rtmin);
	else
		snprintf(ret, NAMES_SIGNAL_SIZE, "SIG%u", number);
}
