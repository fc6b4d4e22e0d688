/* A server that says anything at all, to a session whose owner does all that an
 * owner does.  Lines of the input are answers; "$" in them is the last tag, so
 * that the dialogue gets somewhere.  A line that begins with "!" is no answer:
 * the first one says how the owner begins (see settings()), and any other what
 * happens to it now (see owner_act()). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/imap/session.h"
#include "tests/fuzz/help/owner.h"

/* The tag of the last command sent, from what was sent. */
static unsigned
last_tag(struct buf *out, unsigned before)
{
	const char *s;

	for (s = out->data; s != NULL && *s != '\0';) {
		if (*s == 'm' && s[1] >= '0' && s[1] <= '9')
			before = (unsigned)strtoul(s + 1, NULL, 10);
		if ((s = strchr(s, '\n')) != NULL)
			s++;
	}
	buf_clear(out);
	return (before);
}

/* The word of a setting, up to a space. */
static const char *
word(const char *s, char *to, size_t size)
{
	size_t n = strcspn(s, " ");

	(void)snprintf(to, size, "%.*s", (int)n, s);
	return (s + n);
}

/* A number of at most ${max}. */
static unsigned long
number(const char **s, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(*s, &end, 10);

	*s = end;
	return (n < max ? n : max);
}

/* "m5 b1:3,5 l1000": a letter with a value each. */
static void
settings(const char *s, struct owner_settings *set)
{
	while (*s != '\0') {
		switch (*s++) {
		case 'm':
			set->mark = (uint32_t)number(&s, UINT32_MAX);
			break;
		case 'b':
			s = word(s, set->below, sizeof(set->below));
			break;
		case 's':
			s = word(s, set->skip, sizeof(set->skip));
			break;
		case 'u':
			set->until = (uint32_t)number(&s, UINT32_MAX);
			break;
		case 'd':
			set->since_below = (uint32_t)number(&s, UINT32_MAX);
			break;
		case 'k':
			set->known = (uint32_t)number(&s, UINT32_MAX);
			break;
		case 'l':
			set->limit = number(&s, 100000);
			break;
		case 'v':
			set->budget = number(&s, 100000);
			break;
		case 'c':
			set->lives = (unsigned)number(&s, 8);
			break;
		case 'i':
			set->slow = 1;
			break;
		default:
			break;
		}
	}
}

/* The octets of the first line that are settings; and the role, by the first
 * octet after it. */
static size_t
begin(struct owner_settings *set, const uint8_t *data, size_t size)
{
	char text[256];
	size_t n = 0;

	*set = (struct owner_settings){
		.until = UINT32_MAX, .limit = 100, .budget = 1000
	};
	if (size > 0 && data[0] == '!') {
		while (n < size && data[n] != '\n')
			n++;
		(void)snprintf(text, sizeof(text), "%.*s", (int)n - 1,
		    (const char *)data + 1);
		settings(text, set);
		n += n < size;
	}
	if (n < size && data[n] == ' ')
		set->role = OWNER_LOOKER;
	else if (n < size && data[n] == '%')
		set->role = OWNER_PATROL;
	else if (n < size && data[n] == '+') /* it answers */
		set->role = OWNER_TOKEN;
	return (n);
}

static int
act(struct owner *o, const struct buf *line)
{
	size_t i;

	for (i = 1; i < line->len; i++) {
		if (!owner_act(o, line->data[i]))
			return (0);
	}
	return (1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct owner_settings set;
	struct owner o;
	struct buf line;
	unsigned tag = 0;
	size_t i;
	int alive;

	i = begin(&set, data, size);
	owner_start(&o, &set);
	buf_init(&line, 1 << 20);
	alive = owner_pump(&o);
	for (; i < size && alive; i++) {
		tag = last_tag(session_output(o.session), tag);
		if (data[i] == '$')
			buf_printf(&line, "m%u", tag);
		else
			buf_putc(&line, (char)data[i]);
		if (data[i] != '\n' && i + 1 < size)
			continue;
		o.now += 10;
		if (line.data[0] == '!') {
			alive = act(&o, &line);
		} else {
			session_feed(o.session, line.data, line.len, o.now);
			alive = owner_pump(&o);
		}
		buf_clear(&line);
	}
	buf_free(&line);
	owner_free(&o);
	return (0);
}
