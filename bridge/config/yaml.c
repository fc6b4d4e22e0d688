#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/config/scalar.h"
#include "bridge/config/source.h"
#include "bridge/config/surrogate.h"
#include "bridge/config/yaml.h"

struct reader {
	yaml_parser_t parser;
	struct config_source *src;
	const struct source_file *file;
	struct fault *f;
	unsigned depth;
};

static json_t *read_value(struct reader *, const yaml_event_t *);

static struct source_place
place(const struct reader *r, const yaml_mark_t *mark)
{
	return ((struct source_place){
	    r->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1 });
}

static json_t *
refuse(const struct reader *r, const yaml_event_t *ev, const char *why)
{
	struct source_place at = place(r, &ev->start_mark);

	source_fault(r->f, &at, "%s", why);
	return (NULL);
}

static json_t *
no_memory(const struct reader *r)
{
	fault_set(r->f, FAULT_RETRY, "%s: %s", r->file->path, strerror(ENOMEM));
	return (NULL);
}

/* libyaml gives the byte's offset instead of a mark for text that is not
 * UTF-8; a mark otherwise. */
static int
syntax_fault(const struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct source_place at = place(r, &p->problem_mark);
	const char *what;

	what = p->problem != NULL ? p->problem : "cannot be parsed";
	switch (p->error) {
	case YAML_MEMORY_ERROR:
		no_memory(r);
		return (-1);
	case YAML_READER_ERROR:
		at = (struct source_place){ r->file, 0, 0 };
		return (source_fault(r->f, &at, "not valid YAML: %s (byte %zu)",
		    what, p->problem_offset));
	default:
		return (source_fault(r->f, &at, "not valid YAML: %s%s%s%s",
		    what, p->context != NULL ? " (" : "",
		    p->context != NULL ? p->context : "",
		    p->context != NULL ? ")" : ""));
	}
}

static int
next(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->parser, ev))
		return (0);
	return (syntax_fault(r));
}

static json_t *
read_scalar(const struct reader *r, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	const char *why;
	json_t *value;

	if (memchr(text, '\0', len) != NULL)
		return (refuse(r, ev, "a NUL character in a string"));
	if (ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		value = json_stringn(text, len);
	else if ((value = scalar_resolve(text, len, &why)) == NULL &&
	    why != NULL)
		return (refuse(r, ev, why));
	return (value != NULL ? value : no_memory(r));
}

/* Take the event of a key into ${key}; -1 with the fault. */
static int
read_key(const struct reader *r, const yaml_event_t *ev, json_t *object,
    json_t **key)
{
	struct source_place before;
	struct source_place at = place(r, &ev->start_mark);

	if (ev->type != YAML_SCALAR_EVENT || ev->data.scalar.anchor != NULL ||
	    ev->data.scalar.tag != NULL) {
		refuse(r, ev, "a key must be a plain or quoted string");
		return (-1);
	}
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strcmp((const char *)ev->data.scalar.value, "<<") == 0) {
		refuse(r, ev,
		    "merge keys (<<) are not supported; use \"defaults:\" for "
		    "what accounts have in common");
		return (-1);
	}
	if ((*key = read_scalar(r, ev)) == NULL)
		return (-1);
	if (!json_is_string(*key))
		return (source_fault(r->f, &at,
		    "a key must be a string; put it in quotes if it is meant "
		    "to be one"));
	if (json_object_get(object, json_string_value(*key)) != NULL) {
		before =
		    source_key_place(r->src, object, json_string_value(*key));
		return (source_fault(r->f, &at,
		    "the key \"%s\" was given before, in line %u",
		    json_string_value(*key), before.line));
	}
	return (0);
}

static json_t *
read_mapping(struct reader *r, const yaml_event_t *start)
{
	struct source_place at = place(r, &start->start_mark), value_at;
	json_t *object, *key = NULL, *value = NULL;
	yaml_event_t ev = { 0 };

	if ((object = json_object()) == NULL ||
	    source_add(r->src, object, &at) == -1)
		goto nomem;
	for (;;) {
		if (next(r, &ev) == -1)
			goto fail;
		if (ev.type == YAML_MAPPING_END_EVENT)
			break;
		at = place(r, &ev.start_mark);
		if (read_key(r, &ev, object, &key) == -1)
			goto fail;
		yaml_event_delete(&ev);
		if (next(r, &ev) == -1)
			goto fail;
		value_at = place(r, &ev.start_mark);
		if ((value = read_value(r, &ev)) == NULL)
			goto fail;
		yaml_event_delete(&ev);
		if (source_add_member(r->src, object, json_string_value(key),
			&at, &value_at) == -1 ||
		    json_object_set(object, json_string_value(key), value) ==
			-1)
			goto nomem;
		json_decref(key);
		json_decref(value);
		key = value = NULL;
	}
	yaml_event_delete(&ev);
	return (object);

nomem:
	no_memory(r);
fail:
	yaml_event_delete(&ev);
	json_decref(key);
	json_decref(value);
	json_decref(object);
	return (NULL);
}

static json_t *
read_list(struct reader *r, const yaml_event_t *start)
{
	struct source_place at = place(r, &start->start_mark);
	json_t *array, *value;
	yaml_event_t ev = { 0 };

	if ((array = json_array()) == NULL ||
	    source_add(r->src, array, &at) == -1)
		goto nomem;
	for (;;) {
		if (next(r, &ev) == -1)
			goto fail;
		if (ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		at = place(r, &ev.start_mark);
		if ((value = read_value(r, &ev)) == NULL)
			goto fail;
		yaml_event_delete(&ev);
		if (json_array_append_new(array, value) == -1 ||
		    source_add_member(r->src, array, NULL, &at, &at) == -1)
			goto nomem;
	}
	yaml_event_delete(&ev);
	return (array);

nomem:
	no_memory(r);
fail:
	yaml_event_delete(&ev);
	json_decref(array);
	return (NULL);
}

static int
plain_node(const struct reader *r, const yaml_event_t *ev,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		refuse(r, ev,
		    "anchors (&) are not supported; use \"defaults:\" for what "
		    "accounts have in common");
	else if (tag != NULL)
		refuse(r, ev,
		    "tags (!) are not supported; put a string that begins with "
		    "! in quotes");
	return (anchor == NULL && tag == NULL);
}

static json_t *
read_value(struct reader *r, const yaml_event_t *ev)
{
	json_t *value = NULL;

	if (r->depth == LIMIT_CONFIG_NESTING)
		return (refuse(r, ev, "nested too deeply"));
	r->depth++;
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		if (plain_node(
			r, ev, ev->data.scalar.anchor, ev->data.scalar.tag))
			value = read_scalar(r, ev);
		break;
	case YAML_MAPPING_START_EVENT:
		if (plain_node(r, ev, ev->data.mapping_start.anchor,
			ev->data.mapping_start.tag))
			value = read_mapping(r, ev);
		break;
	case YAML_SEQUENCE_START_EVENT:
		if (plain_node(r, ev, ev->data.sequence_start.anchor,
			ev->data.sequence_start.tag))
			value = read_list(r, ev);
		break;
	case YAML_ALIAS_EVENT:
		refuse(r, ev,
		    "aliases (*) are not supported; put a string that begins "
		    "with * in quotes");
		break;
	default:
		refuse(r, ev, "not valid YAML: a value is missing");
		break;
	}
	r->depth--;
	return (value);
}

/* The stream: its start, at most one document, its end. */
static json_t *
read_stream(struct reader *r)
{
	json_t *value = NULL;
	yaml_event_t ev = { 0 };

	do {
		yaml_event_delete(&ev);
		if (next(r, &ev) == -1)
			goto fail;
		switch (ev.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
		case YAML_STREAM_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (value == NULL)
				break;
			refuse(r, &ev, "a second document (---) in one file");
			goto fail;
		default:
			if ((value = read_value(r, &ev)) == NULL)
				goto fail;
			break;
		}
	} while (ev.type != YAML_STREAM_END_EVENT);
	yaml_event_delete(&ev);
	return (value != NULL ? value : json_null());

fail:
	yaml_event_delete(&ev);
	json_decref(value);
	return (NULL);
}

/* *again is set if it is only that libyaml does not know surrogates. */
static json_t *
parse(struct config_source *src, const struct source_file *file,
    const char *text, size_t len, int *again, struct fault *f)
{
	struct reader r = { .src = src, .file = file, .f = f };
	json_t *value;

	*again = 0;
	if (!yaml_parser_initialize(&r.parser))
		return (no_memory(&r));
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)text, len);
	value = read_stream(&r);
	*again = r.parser.problem != NULL &&
	    strstr(r.parser.problem, "Unicode character escape") != NULL;
	yaml_parser_delete(&r.parser);
	return (value);
}

json_t *
yaml_parse(struct config_source *src, const struct source_file *file,
    const char *text, size_t len, struct fault *f)
{
	json_t *value;
	char *joined;
	int again;

	value = parse(src, file, text, len, &again, f);
	if (value != NULL || !again)
		return (value);
	if ((joined = surrogate_join(text, &len)) == NULL) {
		fault_set(
		    f, FAULT_RETRY, "%s: %s", file->path, strerror(ENOMEM));
		return (NULL);
	}
	value = parse(src, file, joined, len, &again, f);
	free(joined);
	return (value);
}

static int
read_all(int fd, struct buf *b)
{
	ssize_t n;

	for (;;) {
		if (b->len == b->max) {
			errno = EFBIG;
			return (-1);
		}
		if (buf_reserve(
			b, b->max - b->len < 65536 ? b->max - b->len : 65536) ==
		    -1) {
			errno = ENOMEM;
			return (-1);
		}
		n = read(fd, b->data + b->len, b->cap - b->len - 1);
		if (n == 0)
			return (0);
		if (n == -1 && errno != EINTR)
			return (-1);
		if (n > 0)
			b->len += (size_t)n;
	}
}

json_t *
yaml_read(
    struct config_source *src, const struct source_file *file, struct fault *f)
{
	json_t *value = NULL;
	struct buf b;
	int fd;

	buf_init(&b, (size_t)LIMIT_CONFIG_FILE);
	fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || read_all(fd, &b) == -1)
		fault_set(f, FAULT_CONFIG, "%s: cannot be read: %s", file->path,
		    strerror(errno));
	else
		value =
		    yaml_parse(src, file, b.len != 0 ? b.data : "", b.len, f);
	if (fd != -1)
		close(fd);
	buf_free(&b);
	return (value);
}
