#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/fault.h"

static void
printable(char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	}
}

int
fault_vset(struct fault *f, enum fault_kind kind, const char *fmt, va_list ap)
{
	if (f != NULL) {
		f->kind = kind;
		f->retry_ms = 0;
		(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
		printable(f->text);
	}
	return (-1);
}

int
fault_set(struct fault *f, enum fault_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fault_vset(f, kind, fmt, ap);
	va_end(ap);
	return (-1);
}

int
fault_prefix(struct fault *f, const char *fmt, ...)
{
	char text[FAULT_TEXT_MAX];
	size_t len, rest;
	va_list ap;

	if (f == NULL)
		return (-1);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text) - 2, fmt, ap);
	va_end(ap);
	printable(text);
	len = strlen(text);
	memcpy(text + len, ": ", 2);
	len += 2;
	rest = strnlen(f->text, sizeof(text) - len - 1);
	memcpy(text + len, f->text, rest);
	text[len + rest] = '\0';
	memcpy(f->text, text, len + rest + 1);
	return (-1);
}

int
fault_exit_code(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_NONE:
		return (EX_OK);
	case FAULT_RETRY:
		return (EX_TEMPFAIL);
	case FAULT_AUTH:
		return (EX_NOPERM);
	case FAULT_CONFIG:
		return (EX_CONFIG);
	case FAULT_DATA:
		return (EX_DATAERR);
	case FAULT_ENDED:
		return (EX_UNAVAILABLE);
	case FAULT_BUG:
		break;
	}
	return (EX_SOFTWARE);
}
