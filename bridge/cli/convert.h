/* convert.h - `mailbridge convert`: one mail to its event, without a network.
 */
#ifndef CONVERT_H
#define CONVERT_H

/* Read a mail from standard input, write its event and a line feed to standard
 * output.  ${argv}[0] is "convert".  Returns the exit code (sysexits.h). */
int cli_convert(int argc, char **argv);

#endif
