#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/config/section.h"

#define KEY "mailboxes"

int
mailbox_is_pattern(const char *mailbox)
{
	return (strpbrk(mailbox, "*%") != NULL);
}

/* "/" in a pattern stands for the server's delimiter, which is one of these. */
static int
same(char pattern, char c)
{
	return (pattern == c ||
	    (pattern == '/' && (c == '.' || c == '\\' || c == '^')));
}

/* The usual walk, with one step back to the last wildcard. */
static int
matches(const char *pattern, const char *name)
{
	const char *star = NULL, *back = NULL;

	while (*name != '\0') {
		if (*pattern == '*' || *pattern == '%') {
			star = pattern++;
			back = name;
		} else if (*pattern != '\0' && same(*pattern, *name)) {
			pattern++;
			name++;
		} else if (star != NULL && !(*star == '%' && *back == '/')) {
			pattern = star + 1;
			name = ++back;
		} else {
			return (0);
		}
	}
	return (pattern[strspn(pattern, "*%")] == '\0');
}

int
mailbox_is_covered(const struct config_account *a, const char *name)
{
	size_t i;

	for (i = 0; i < a->nmailboxes; i++) {
		if (strcmp(a->mailboxes[i], name) == 0 ||
		    (mailbox_is_pattern(a->mailboxes[i]) &&
			matches(a->mailboxes[i], name)))
			return (1);
	}
	return (0);
}

static int
has_control(const char *name)
{
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return (1);
	}
	return (0);
}

static const char *
read_name(struct section *s, size_t i)
{
	const char *name;

	name = section_item_string(s, KEY, i);
	if (has_control(name))
		section_item_error(s, KEY, i, "holds a control character");
	return (strcasecmp(name, "INBOX") == 0 ? "INBOX" : name);
}

void
mailboxes_read(struct section *s, struct config_account *a)
{
	size_t i, n;
	json_t *list, *seen;

	list = section_list(s, KEY);
	n = list != NULL ? json_array_size(list) : 1;
	if (n == 0)
		section_error(s, KEY, "is empty");
	a->mailboxes = calloc(n != 0 ? n : 1, sizeof(*a->mailboxes));
	seen = json_object();
	if (a->mailboxes == NULL || seen == NULL) {
		section_error(s, KEY, "out of memory");
		json_decref(seen);
		return;
	}
	if (list == NULL)
		a->mailboxes[a->nmailboxes++] = "INBOX";
	for (i = 0; i < n && list != NULL; i++) {
		a->mailboxes[i] = read_name(s, i);
		if (json_object_get(seen, a->mailboxes[i]) != NULL)
			section_item_error(s, KEY, i, "is listed twice");
		json_object_set_new(seen, a->mailboxes[i], json_true());
		a->nmailboxes++;
	}
	json_decref(seen);
}
