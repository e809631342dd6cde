/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows the verb of records about rights, other processes, the kernel's code, and names and mounts.
 */
#ifndef SESHAT_CLI_PRETTY_RIGHTS_H
#define SESHAT_CLI_PRETTY_RIGHTS_H

#include <json-c/json_types.h>

#include "cli/pretty_text.h"

void pretty_privilege(struct text *text, struct json_object *record);
void pretty_ptrace(struct text *text, struct json_object *record);
void pretty_kernel(struct text *text, struct json_object *record);
void pretty_file(struct text *text, struct json_object *record);

#endif
