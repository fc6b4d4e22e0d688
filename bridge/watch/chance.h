/* chance.h - jitter: what many would do at once is spread. */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdint.h>

/* A number by chance, of all that there are.  Half of them early in the boot of
 * a machine that has no randomness yet: waits are merely not spread then. */
uint32_t chance(void);

/* A part of ${n} by chance: from 0 to less than ${n} (0 of 0). */
uint64_t chance_part(uint64_t n);

#endif
