#include <stddef.h>
#include <string.h>

#include "sinks/exec/exec_answer.h"

/* What stands behind ${word} in ${line}, or NULL if it is another one. */
static const char *
after(const char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) != 0)
		return (NULL);
	if (line[len] == '\0')
		return (line + len);
	return (line[len] == ' ' ? line + len + 1 : NULL);
}

enum exec_answer
exec_answer_read(
    const char *line, const char *id, int strict, const char **reason)
{
	if ((*reason = after(line, "ok")) != NULL) {
		if (**reason == '\0')
			return (strict ? EXEC_WRONG_ID : EXEC_OK);
		return (strcmp(*reason, id) == 0 ? EXEC_OK : EXEC_WRONG_ID);
	}
	if ((*reason = after(line, "retry")) != NULL)
		return (EXEC_RETRY);
	if ((*reason = after(line, "refused")) != NULL)
		return (EXEC_REFUSED);
	*reason = line;
	return (EXEC_NONSENSE);
}
