/* SPDX-License-Identifier: Apache-2.0 */
/* seshat session open, close: what the PAM module does, for scripts and for pam_exec(8). */
#ifndef SESHAT_CLI_SESSION_COMMAND_H
#define SESHAT_CLI_SESSION_COMMAND_H

/* argv[0] is the command's name. Returns the exit status, one of enum status. */
int session_main(int argc, char **argv);

#endif
