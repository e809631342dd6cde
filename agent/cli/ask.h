/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that only ask the agent: seshat status, rotate, reload. */
#ifndef SESHAT_CLI_ASK_H
#define SESHAT_CLI_ASK_H

/* argv[0] is the command's name. Return the exit status, one of enum status. */
int status_main(int argc, char **argv);
int rotate_main(int argc, char **argv);
int reload_main(int argc, char **argv);

#endif
