/* SPDX-License-Identifier: Apache-2.0 */
/* The small program of the exec loops: it opens /dev/null, which makes three opens with the loader's two. */
#include <fcntl.h>

int main(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0;
}
