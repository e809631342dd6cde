/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All probes, by their kind.
 */
#ifndef SESHAT_PROBES_REGISTRY_H
#define SESHAT_PROBES_REGISTRY_H

#include "probes/probe.h"

/* The probe of a kind, which is below EVENT_KINDS and not WIRE_NONE. Never NULL. */
const struct probe *registry_probe(unsigned int kind);

/* What the decoder must know of the kernel's kinds. */
void registry_layout(struct record_layout *ret);

#endif
