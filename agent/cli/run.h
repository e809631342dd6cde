/* SPDX-License-Identifier: Apache-2.0 */
/* seshat run: one command, audited as a session, with no agent running. */
#ifndef SESHAT_CLI_RUN_H
#define SESHAT_CLI_RUN_H

/* argv[0] is "run". Returns the exit status: the command's, or one of enum status. */
int run_main(int argc, char **argv);

#endif
