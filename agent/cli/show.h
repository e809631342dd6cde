/* SPDX-License-Identifier: Apache-2.0 */
/* seshat show: one session of the log. */
#ifndef SESHAT_CLI_SHOW_H
#define SESHAT_CLI_SHOW_H

/* argv[0] is the command's name. Returns the exit status, one of enum status. */
int show_main(int argc, char **argv);

#endif
