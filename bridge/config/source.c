#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/config/source.h"

struct member {
	char *key; /* NULL in lists */
	struct source_place key_at;
	struct source_place value_at;
};

struct node {
	json_t *container; /* a reference of ours; NULL: the slot is free */
	struct source_place at;
	struct member *members;
	size_t nmembers;
	size_t cap;
};

struct file {
	struct source_file file;
	char *path;
	char *folder;
	struct file *next;
};

struct config_source {
	const struct secret *key;
	struct file *files;
	struct file **last_file;
	/* Open addressing by the container's address; a power of two slots,
	 * at most half of them used. */
	struct node *nodes;
	size_t nslots;
	size_t nnodes;
};

static const struct source_place nowhere;

struct config_source *
source_new(void)
{
	struct config_source *src;

	if ((src = calloc(1, sizeof(*src))) == NULL)
		return (NULL);
	src->last_file = &src->files;
	return (src);
}

void
source_set_key(struct config_source *src, const struct secret *key)
{
	src->key = key;
}

const struct secret *
source_key(const struct config_source *src)
{
	return (src->key);
}

/* The folder of ${path}, absolute.  Symbolic links stay: a folder that is
 * switched by one (a mounted Kubernetes volume) is looked up anew each time. */
static char *
absolute_folder(const char *path)
{
	const char *slash;
	char *cwd, *folder = NULL;
	int len;

	slash = strrchr(path, '/');
	if (path[0] == '/')
		return (strndup(path, (size_t)(slash - path)));
	if ((cwd = getcwd(NULL, 0)) == NULL)
		return (NULL);
	len = slash == NULL ? 0 : (int)(slash - path);
	if (asprintf(&folder, "%s%s%.*s", strcmp(cwd, "/") == 0 ? "" : cwd,
		len == 0 ? "" : "/", len, path) == -1)
		folder = NULL;
	free(cwd);
	return (folder);
}

const struct source_file *
source_file(struct config_source *src, const char *path)
{
	struct file *file;

	if ((file = calloc(1, sizeof(*file))) == NULL)
		return (NULL);
	file->path = strdup(path);
	file->folder = absolute_folder(path);
	if (file->path == NULL || file->folder == NULL) {
		free(file->path);
		free(file->folder);
		free(file);
		return (NULL);
	}
	file->file.path = file->path;
	file->file.folder = file->folder;
	*src->last_file = file;
	src->last_file = &file->next;
	return (&file->file);
}

const struct source_file *
source_main(const struct config_source *src)
{
	return (src->files != NULL ? &src->files->file : NULL);
}

static size_t
slot_of(const json_t *container, size_t nslots)
{
	uint64_t h;

	h = (uint64_t)(uintptr_t)container * UINT64_C(0x9e3779b97f4a7c15);
	return ((size_t)(h >> 20) & (nslots - 1));
}

/* The slot that holds ${container}, or the free one where it would go. */
static struct node *
find(const struct config_source *src, const json_t *container)
{
	size_t i;

	i = slot_of(container, src->nslots);
	while (src->nodes[i].container != NULL &&
	    src->nodes[i].container != container)
		i = (i + 1) & (src->nslots - 1);
	return (&src->nodes[i]);
}

static const struct node *
known(const struct config_source *src, const json_t *container)
{
	const struct node *node;

	if (src->nnodes == 0 || container == NULL)
		return (NULL);
	node = find(src, container);
	return (node->container != NULL ? node : NULL);
}

static int
grow(struct config_source *src)
{
	struct config_source bigger;
	size_t i;

	bigger = *src;
	bigger.nslots = src->nslots != 0 ? src->nslots * 2 : 64;
	bigger.nodes = calloc(bigger.nslots, sizeof(*bigger.nodes));
	if (bigger.nodes == NULL)
		return (-1);
	for (i = 0; i < src->nslots; i++) {
		if (src->nodes[i].container != NULL)
			*find(&bigger, src->nodes[i].container) = src->nodes[i];
	}
	free(src->nodes);
	*src = bigger;
	return (0);
}

int
source_add(
    struct config_source *src, json_t *container, const struct source_place *at)
{
	struct node *node;

	if ((src->nnodes + 1) * 2 > src->nslots && grow(src) == -1)
		return (-1);
	node = find(src, container);
	if (node->container == NULL) {
		node->container = json_incref(container);
		src->nnodes++;
	}
	node->at = *at;
	return (0);
}

int
source_add_member(struct config_source *src, const json_t *container,
    const char *key, const struct source_place *key_at,
    const struct source_place *value_at)
{
	struct member *members, *m;
	struct node *node;
	size_t cap;

	node = find(src, container);
	if (node->nmembers == node->cap) {
		cap = node->cap != 0 ? node->cap * 2 : 4;
		members = reallocarray(node->members, cap, sizeof(*members));
		if (members == NULL)
			return (-1);
		node->members = members;
		node->cap = cap;
	}
	m = &node->members[node->nmembers];
	*m = (struct member){ .key_at = *key_at, .value_at = *value_at };
	if (key != NULL && (m->key = strdup(key)) == NULL)
		return (-1);
	node->nmembers++;
	return (0);
}

static const struct member *
member(
    const struct config_source *src, const json_t *container, const char *key)
{
	const struct node *node;
	size_t i;

	if ((node = known(src, container)) == NULL)
		return (NULL);
	for (i = 0; i < node->nmembers; i++) {
		if (node->members[i].key != NULL &&
		    strcmp(node->members[i].key, key) == 0)
			return (&node->members[i]);
	}
	return (NULL);
}

int
source_copy_member(struct config_source *src, const json_t *to,
    const json_t *from, const char *key)
{
	struct source_place key_at = source_key_place(src, from, key);
	struct source_place value_at = source_value_place(src, from, key);

	return (source_add_member(src, to, key, &key_at, &value_at));
}

struct source_place
source_place(const struct config_source *src, const json_t *container)
{
	const struct node *node;

	node = known(src, container);
	return (node != NULL ? node->at : nowhere);
}

struct source_place
source_key_place(
    const struct config_source *src, const json_t *object, const char *key)
{
	const struct member *m;

	m = member(src, object, key);
	return (m != NULL ? m->key_at : nowhere);
}

struct source_place
source_value_place(
    const struct config_source *src, const json_t *object, const char *key)
{
	const struct member *m;

	m = member(src, object, key);
	return (m != NULL ? m->value_at : nowhere);
}

struct source_place
source_item_place(
    const struct config_source *src, const json_t *array, size_t i)
{
	const struct node *node;

	node = known(src, array);
	return (node != NULL && i < node->nmembers ? node->members[i].value_at
						   : nowhere);
}

int
source_fault(
    struct fault *f, const struct source_place *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fault_vset(f, FAULT_CONFIG, fmt, ap);
	va_end(ap);
	if (at->file == NULL)
		return (-1);
	if (at->line == 0)
		return (fault_prefix(f, "%s", at->file->path));
	return (
	    fault_prefix(f, "%s:%u:%u", at->file->path, at->line, at->column));
}

void
source_free(struct config_source *src)
{
	struct file *file;
	struct node *node;
	size_t i, j;

	if (src == NULL)
		return;
	for (i = 0; i < src->nslots; i++) {
		node = &src->nodes[i];
		for (j = 0; j < node->nmembers; j++)
			free(node->members[j].key);
		free(node->members);
		json_decref(node->container);
	}
	free(src->nodes);
	while ((file = src->files) != NULL) {
		src->files = file->next;
		free(file->path);
		free(file->folder);
		free(file);
	}
	free(src);
}
