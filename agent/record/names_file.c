/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of calls that change names and mounts. */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>

#include "base/bytes.h"
#include "bpf/wire.h"
#include "record/names.h"

/* umount2(2)'s: the C library's header for them and the kernel's for mount(2)'s cannot be had together. */
#define KERNEL_MNT_FORCE	  1
#define KERNEL_MNT_DETACH	  2
#define KERNEL_MNT_EXPIRE	  4
#define KERNEL_UMOUNT_NOFOLLOW	  8
/* Newer than some headers. */
#define KERNEL_MS_NOSYMFOLLOW	  256
#define KERNEL_MOVE_MOUNT_BENEATH 0x200

struct file_flag {
	unsigned int operation; /* enum wire_file_operation */
	uint64_t bits;
	const char *name;
};

static const struct file_flag file_flags[] = {
	{ WIRE_FILE_RMDIR, AT_REMOVEDIR, "AT_REMOVEDIR" },
	{ WIRE_FILE_RENAME, RENAME_NOREPLACE, "RENAME_NOREPLACE" },
	{ WIRE_FILE_RENAME, RENAME_EXCHANGE, "RENAME_EXCHANGE" },
	{ WIRE_FILE_RENAME, RENAME_WHITEOUT, "RENAME_WHITEOUT" },
	{ WIRE_FILE_LINK, AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW" },
	{ WIRE_FILE_LINK, AT_EMPTY_PATH, "AT_EMPTY_PATH" },
	{ WIRE_FILE_UMOUNT, KERNEL_MNT_FORCE, "MNT_FORCE" },
	{ WIRE_FILE_UMOUNT, KERNEL_MNT_DETACH, "MNT_DETACH" },
	{ WIRE_FILE_UMOUNT, KERNEL_MNT_EXPIRE, "MNT_EXPIRE" },
	{ WIRE_FILE_UMOUNT, KERNEL_UMOUNT_NOFOLLOW, "UMOUNT_NOFOLLOW" },
	{ WIRE_FILE_MOVE_MOUNT, MOVE_MOUNT_F_SYMLINKS, "MOVE_MOUNT_F_SYMLINKS" },
	{ WIRE_FILE_MOVE_MOUNT, MOVE_MOUNT_F_AUTOMOUNTS, "MOVE_MOUNT_F_AUTOMOUNTS" },
	{ WIRE_FILE_MOVE_MOUNT, MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH" },
	{ WIRE_FILE_MOVE_MOUNT, MOVE_MOUNT_T_SYMLINKS, "MOVE_MOUNT_T_SYMLINKS" },
	{ WIRE_FILE_MOVE_MOUNT, MOVE_MOUNT_T_AUTOMOUNTS, "MOVE_MOUNT_T_AUTOMOUNTS" },
	{ WIRE_FILE_MOVE_MOUNT, MOVE_MOUNT_T_EMPTY_PATH, "MOVE_MOUNT_T_EMPTY_PATH" },
	{ WIRE_FILE_MOVE_MOUNT, MOVE_MOUNT_SET_GROUP, "MOVE_MOUNT_SET_GROUP" },
	{ WIRE_FILE_MOVE_MOUNT, KERNEL_MOVE_MOUNT_BENEATH, "MOVE_MOUNT_BENEATH" },
	/* comprises others, which then are not meant */
	{ WIRE_FILE_MOUNT, MS_MGC_VAL, "MS_MGC_VAL" },
	{ WIRE_FILE_MOUNT, MS_RDONLY, "MS_RDONLY" },
	{ WIRE_FILE_MOUNT, MS_NOSUID, "MS_NOSUID" },
	{ WIRE_FILE_MOUNT, MS_NODEV, "MS_NODEV" },
	{ WIRE_FILE_MOUNT, MS_NOEXEC, "MS_NOEXEC" },
	{ WIRE_FILE_MOUNT, MS_SYNCHRONOUS, "MS_SYNCHRONOUS" },
	{ WIRE_FILE_MOUNT, MS_REMOUNT, "MS_REMOUNT" },
	{ WIRE_FILE_MOUNT, MS_MANDLOCK, "MS_MANDLOCK" },
	{ WIRE_FILE_MOUNT, MS_DIRSYNC, "MS_DIRSYNC" },
	{ WIRE_FILE_MOUNT, KERNEL_MS_NOSYMFOLLOW, "MS_NOSYMFOLLOW" },
	{ WIRE_FILE_MOUNT, MS_NOATIME, "MS_NOATIME" },
	{ WIRE_FILE_MOUNT, MS_NODIRATIME, "MS_NODIRATIME" },
	{ WIRE_FILE_MOUNT, MS_BIND, "MS_BIND" },
	{ WIRE_FILE_MOUNT, MS_MOVE, "MS_MOVE" },
	{ WIRE_FILE_MOUNT, MS_REC, "MS_REC" },
	{ WIRE_FILE_MOUNT, MS_SILENT, "MS_SILENT" },
	{ WIRE_FILE_MOUNT, MS_POSIXACL, "MS_POSIXACL" },
	{ WIRE_FILE_MOUNT, MS_UNBINDABLE, "MS_UNBINDABLE" },
	{ WIRE_FILE_MOUNT, MS_PRIVATE, "MS_PRIVATE" },
	{ WIRE_FILE_MOUNT, MS_SLAVE, "MS_SLAVE" },
	{ WIRE_FILE_MOUNT, MS_SHARED, "MS_SHARED" },
	{ WIRE_FILE_MOUNT, MS_RELATIME, "MS_RELATIME" },
	{ WIRE_FILE_MOUNT, MS_I_VERSION, "MS_I_VERSION" },
	{ WIRE_FILE_MOUNT, MS_STRICTATIME, "MS_STRICTATIME" },
	{ WIRE_FILE_MOUNT, MS_LAZYTIME, "MS_LAZYTIME" },
};

const char *names_file_flag(struct flag_walk *walk, unsigned int operation)
{
	while (walk->index < ARRAY_SIZE(file_flags)) {
		const struct file_flag *flag = &file_flags[walk->index++];

		if (flag->operation != operation || (walk->rest & flag->bits) != flag->bits)
			continue;
		walk->rest &= ~flag->bits;
		return flag->name;
	}
	return NULL;
}
