/* version.h - the release this tree becomes. */
#ifndef VERSION_H
#define VERSION_H

#define MAILBRIDGE_VERSION "0.1.0"

#endif
