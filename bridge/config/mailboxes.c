#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/config/section.h"

#define KEY "mailboxes"

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
	else if (strchr(name, '*') != NULL)
		section_item_error(s, KEY, i,
		    "patterns (with *) are not supported by this version");
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
