/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounded parser of configuration files. inih splits the lines into section, key and value; this feeds it, because
 * inih cuts long lines in silence, takes an indented line for the rest of a value, and tells the first error only.
 */
#ifndef SESHAT_CONFIG_READER_H
#define SESHAT_CONFIG_READER_H

#include <stdio.h>

#include "config/config.h"

enum {
	CONFIG_LINE_MAX = 197, /* bytes of a line without its end: what inih has room for */
	CONFIG_LINES_MAX = 10000,
};

/*
 * Sets what the file names in config, which has the defaults. Returns 0, -EINVAL when report has been called, -ENOMEM, or
 * the negative errno of reading.
 */
int config_reader_run(struct config *config, FILE *file, const char *path, config_report report,
		      void *userdata);

#endif
