/* sink_contract_bed.h - one sink of the contract's suite, open on a far side of
 * its own. */
#ifndef SINK_CONTRACT_BED_H
#define SINK_CONTRACT_BED_H

#include "sink_contract.h"

/* What the suite is run against. */
extern const struct sink_far *bed_far;

struct bed {
	struct contract c;
	void *far;
	char config[2048];
};

struct bed *bed_make(void);
void bed_end(struct bed *);

/* ${n} events of three mailboxes, for the caller to free. */
struct contract_event *bed_events(size_t n, uint32_t first, size_t len);

/* Each that is said to be stored is there, and where the far side is one of
 * exactly once, none is there twice. */
void bed_assert_there(struct bed *, struct contract_event *, size_t n);

#endif
