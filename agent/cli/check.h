/* SPDX-License-Identifier: Apache-2.0 */
/* seshat check: do this kernel, this configuration and this agent work together? */
#ifndef SESHAT_CLI_CHECK_H
#define SESHAT_CLI_CHECK_H

/* argv[0] is the command's name. Returns the exit status, one of enum status. */
int check_main(int argc, char **argv);

#endif
