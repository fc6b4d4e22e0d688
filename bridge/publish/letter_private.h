/* letter_private.h - where letter.c writes and letter_read.c reads. */
#ifndef LETTER_PRIVATE_H
#define LETTER_PRIVATE_H

#include "bridge/publish/letter.h"

#define LETTER_FOLDER "dead-letter"

struct message;

/* Read m->reset out of the notice in m->raw (letter_reset.c).  0, or -1 with
 * ${f}. */
int letter_reset(struct message *m, struct fault *f);

/* Fill in what the .json, open as ${fd}, tells of the message beside what is in
 * struct letter (letter_facts.c).  0, or -1 if memory is out or it cannot be
 * read. */
int letter_facts(int fd, struct message *);

#endif
