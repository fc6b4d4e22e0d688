/* body.h - which parts are the text of a message and which its attachments, by
 * the algorithm of RFC 8621 section 4.1.4. */
#ifndef BODY_H
#define BODY_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/part.h"

struct body_list {
	struct part **items;
	size_t n;
};

struct body {
	struct body_list text;	/* textBody */
	struct body_list html;	/* htmlBody */
	struct body_list files; /* attachments */
};

/* Sort the leaves below (or the leaf at) ${root}, ${nparts} parts in all.  0,
 * or -1 if memory is out. */
int body_sort(struct body *, struct arena *, struct part *root, size_t nparts);

#endif
