/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/pam/options.h"

#include <string.h>
#include <sys/un.h>

#include "control/protocol.h"

enum {
	MS_PER_S = 1000,
	DIGITS_MAX = 6, /* beyond them every time is too long */
};

/* The value, when that is the key of the argument; else NULL. */
static const char *value_of(const char *argument, const char *key)
{
	size_t size = strlen(key);

	return strncmp(argument, key, size) == 0 && argument[size] == '=' ? argument + size + 1 :
									    NULL;
}

static bool read_fail(struct options *options, const char *value)
{
	bool closed = strcmp(value, "closed") == 0;

	/* A mistake must not open what an earlier word has closed. */
	if (!closed && strcmp(value, "open") != 0)
		return false;
	options->closed = closed;
	return true;
}

/* Reads digits, at least one. Returns what comes behind them, or NULL. */
static const char *read_digits(const char *text, unsigned int *ret)
{
	unsigned int number = 0, count = 0;

	for (; *text >= '0' && *text <= '9'; text++, count++) {
		if (count == DIGITS_MAX)
			return NULL;
		number = number * 10 + (unsigned int)(*text - '0');
	}
	*ret = number;
	return count > 0 ? text : NULL;
}

/* Digits after the point, as thousandths; more than three say nothing more. */
static const char *read_fraction(const char *text, unsigned int *ret)
{
	unsigned int weight = MS_PER_S / 10, sum = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++, weight /= 10)
		sum += weight * (unsigned int)(*text - '0');
	*ret = sum;
	return text;
}

static bool read_timeout(struct options *options, const char *value)
{
	unsigned int whole, fraction = 0, ms;
	const char *rest = read_digits(value, &whole);

	if (!rest)
		return false;
	if (strcmp(rest, "ms") == 0) {
		ms = whole;
	} else {
		if (*rest == '.')
			rest = read_fraction(rest + 1, &fraction);
		if (!rest || (*rest != '\0' && strcmp(rest, "s") != 0))
			return false;
		if (whole > OPTIONS_TIMEOUT_MAX_MS / MS_PER_S)
			return false;
		ms = whole * MS_PER_S + fraction;
	}
	if (ms < OPTIONS_TIMEOUT_MIN_MS || ms > OPTIONS_TIMEOUT_MAX_MS)
		return false;
	options->timeout_ms = ms;
	return true;
}

static bool read_socket(struct options *options, const char *value)
{
	if (value[0] != '/' || strlen(value) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return false;
	options->socket = value;
	return true;
}

/* Is the service in the list? An empty name in it is a mistake. */
static bool read_services(bool *ret, const char *list, const char *service)
{
	bool found = false;

	for (;;) {
		size_t size = strcspn(list, ",");

		if (size == 0)
			return false;
		if (size == strlen(service) && strncmp(list, service, size) == 0)
			found = true;
		if (list[size] == '\0')
			break;
		list += size + 1;
	}
	*ret = *ret || found;
	return true;
}

static bool read_filter(struct options *options, const char *value, const char *service)
{
	bool out = value[0] == '!';

	return read_services(out ? &options->excluded : &options->chosen, value + out, service);
}

static bool read_one(struct options *options, const char *argument, const char *service)
{
	const char *value;

	if (strcmp(argument, "debug") == 0) {
		options->debug = true;
		return true;
	}
	value = value_of(argument, "fail");
	if (value)
		return read_fail(options, value);
	value = value_of(argument, "timeout");
	if (value)
		return read_timeout(options, value);
	value = value_of(argument, "socket");
	if (value)
		return read_socket(options, value);
	value = value_of(argument, "service");
	return value && read_filter(options, value, service);
}

void options_read(struct options *ret, const char *service, int count, const char *const *arguments)
{
	bool filtered = false;

	*ret = (struct options){ .timeout_ms = OPTIONS_TIMEOUT_MS, .socket = CONTROL_SOCKET };
	for (int i = 0; i < count; i++) {
		const char *filter = value_of(arguments[i], "service");
		bool good = read_one(ret, arguments[i], service);

		/* A filter that is a mistake lets all services through: rather one too many than none. */
		if (good && filter && filter[0] != '!')
			filtered = true;
		if (!good && !ret->bad)
			ret->bad = arguments[i];
	}
	ret->chosen = (ret->chosen || !filtered) && !ret->excluded;
}
