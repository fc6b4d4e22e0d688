/* A program for a sink of type exec that answers each event at once, with its
 * id. */
#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(void)
{
	static const char key[] = "\"id\":\"";
	char *line = NULL, *id;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) > 0) {
		if ((id = strstr(line, key)) == NULL)
			return (1);
		id += sizeof(key) - 1;
		printf("ok %.*s\n", (int)strcspn(id, "\""), id);
		fflush(stdout);
	}
	free(line);
	return (0);
}
