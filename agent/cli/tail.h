/* SPDX-License-Identifier: Apache-2.0 */
/* seshat tail: the newest records of the log, and those to come. */
#ifndef SESHAT_CLI_TAIL_H
#define SESHAT_CLI_TAIL_H

/* argv[0] is the command's name. Returns the exit status, one of enum status. */
int tail_main(int argc, char **argv);

#endif
