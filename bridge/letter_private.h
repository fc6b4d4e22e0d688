/* letter_private.h - where letter.c writes and letter_read.c reads. */
#ifndef LETTER_PRIVATE_H
#define LETTER_PRIVATE_H

#include "bridge/letter.h"

#define LETTER_FOLDER "dead-letter"

#endif
