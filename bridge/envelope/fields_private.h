/* fields_private.h - what both forms of an event say alike. */
#ifndef FIELDS_PRIVATE_H
#define FIELDS_PRIVATE_H

#include "bridge/envelope/fields.h"

/* A key with a text: null where it is empty; or where data is NULL. */
void fields_text(struct jsonw *, const char *key, const char *);
void fields_span(struct jsonw *, const char *key, struct span);

/* The flags that are told, separated by spaces. */
struct span fields_flag_list(const struct mail *, const struct fields_plan *);
void fields_flags(struct jsonw *, struct span flags);
void fields_keywords(struct jsonw *, struct span flags);

/* "emailId", "savedAt" and the like, as far as the server tells them. */
void fields_server(
    struct jsonw *, const struct mail *, const struct fields_plan *);

/* From messageId to preview. */
void fields_properties(
    struct jsonw *, const struct mail *, const struct fields_plan *);

/* The members of a body part, the object around them not included. */
void fields_part(struct jsonw *, const struct part *);
void fields_part_more(
    struct jsonw *, const struct part *, const struct fields_plan *);
void fields_structure(
    struct jsonw *, const struct mail *, const struct fields_plan *);

/* One member of "headers". */
void fields_header(struct jsonw *, struct span name, struct span value);

/* A place for a value, noted in ${holes}. */
void fields_hole(
    struct jsonw *, struct part *, struct fields_hole *holes, size_t *nholes);

/* "problems" and "replay", where there are such. */
void fields_end(
    struct jsonw *, const struct mail *, const struct fields_plan *);

#endif
