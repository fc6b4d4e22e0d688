#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/message.h"
#include "bridge/publish/letter_private.h"

static int
copy(json_t *object, const char *key, char **to)
{
	const char *text = json_string_value(json_object_get(object, key));

	return (text == NULL || (*to = strdup(text)) != NULL ? 0 : -1);
}

static uint64_t
number(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return (text != NULL ? strtoull(text, NULL, 10) : 0);
}

int
letter_facts(int fd, struct message *m)
{
	json_t *object, *date;
	int rc;

	if ((object = json_loadfd(fd, 0, NULL)) == NULL)
		return (-1);
	m->incomplete = json_is_true(json_object_get(object, "incomplete"));
	m->joined = json_is_true(json_object_get(object, "joined"));
	m->placeholder = json_is_true(json_object_get(object, "placeholder"));
	m->gm_msgid = number(object, "gmailMsgId");
	m->gm_thrid = number(object, "gmailThrId");
	date = json_object_get(object, "saveDate");
	m->has_savedate = date != NULL;
	m->savedate = (int64_t)json_integer_value(date);
	rc = copy(object, "emailId", &m->email_id) == -1 ||
		copy(object, "threadId", &m->thread_id) == -1 ||
		copy(object, "gmailLabels", &m->gm_labels) == -1
	    ? -1
	    : 0;
	json_decref(object);
	return (rc);
}
