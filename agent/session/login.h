/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a login tells of itself: who, from where, with which key. All of it was said by the program
 * that opened the session (sshd, login, su), which is root's; what users could set was left out.
 */
#ifndef SESHAT_SESSION_LOGIN_H
#define SESHAT_SESSION_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LOGIN_METHODS = 16,	     /* authentication methods that are kept, of one login */
	LOGIN_PRINCIPALS = 256,	     /* as many as OpenSSH allows in a certificate */
	LOGIN_FINGERPRINT_SIZE = 51, /* "SHA256:", 43 characters of base64, a NUL */
};

/* The two ends of the connection; addresses as text, as inet_ntop(3) writes them. */
struct login_connection {
	char *src_addr; /* owned; NULL: there is none */
	char *dst_addr; /* owned */
	uint16_t src_port;
	uint16_t dst_port;
};

/* A public key, or a certificate and the key in it. Strings are owned, NULL where there is none. */
struct login_key {
	char *type; /* as in the blob: "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"; NULL: no key */
	char fingerprint[LOGIN_FINGERPRINT_SIZE];
	bool certificate; /* only then what follows */
	char *key_id;	  /* its bytes, NULs cut off; may be no UTF-8 */
	uint64_t serial;
	char **principals; /* owned, and so is each */
	size_t principals_count;
	char *ca_type;
	char ca_fingerprint[LOGIN_FINGERPRINT_SIZE];
	uint64_t valid_after;  /* seconds since 1970; 0: always */
	uint64_t valid_before; /* UINT64_MAX: for ever */
};

struct login_auth {
	char *methods[LOGIN_METHODS]; /* owned; in the order in which they succeeded */
	size_t methods_count;
	struct login_key key; /* the one that tells most of who it is: see ssh_auth_parse */
	bool host_key;	      /* it is a host's: it tells which machine vouched, not who came */
	bool bad;	      /* something in it could not be read, and was left out */
};

/* Frees what it owns, and leaves it empty. */
void login_connection_free(struct login_connection *connection);
void login_key_free(struct login_key *key);
void login_auth_free(struct login_auth *auth);

#endif
