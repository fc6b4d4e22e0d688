/* What a program of an exec sink gets to see, and where it is. */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "sinks/exec/exec_config.h"

/* Ours may hold secrets ({env: NAME}), so only these are passed on. */
static const char *const passed[] = { "PATH", "HOME", "USER", "LOGNAME", "LANG",
	"LC_ALL", "LC_CTYPE", "TZ", "TMPDIR" };

#define NPASSED (sizeof(passed) / sizeof(passed[0]))
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

static char *
pair(const char *name, const char *value)
{
	char *text;

	return (asprintf(&text, "%s=%s", name, value) == -1 ? NULL : text);
}

/* Set NAME=value in ${env}, which has room: in the place of another of that
 * name, or at the end. */
static int
set(char **env, const char *name, const char *value)
{
	size_t len = strlen(name), i;
	char *text;

	for (i = 0; env[i] != NULL; i++) {
		if (strncmp(env[i], name, len) == 0 && env[i][len] == '=')
			break;
	}
	if ((text = pair(name, value)) == NULL)
		return (-1);
	free(env[i]);
	env[i] = text;
	return (0);
}

static int
set_variable(char **env, const struct exec_variable *v, struct fault *f)
{
	char *value;
	size_t len;
	int rc;

	if (v->secret == NULL)
		return (set(env, v->name, v->value));
	if ((value = secret_read(v->secret, &len, f)) == NULL)
		return (fault_prefix(f, "environment: %s", v->name));
	rc = set(env, v->name, value);
	secret_wipe(value, len);
	return (rc);
}

char **
exec_environment(const struct exec_config *c, const char *sink, struct fault *f)
{
	const char *value;
	char **env;
	size_t i;

	fault_set(f, FAULT_RETRY, "out of memory");
	env = calloc(NPASSED + c->nvariables + 3, sizeof(char *));
	if (env == NULL || set(env, "PATH", DEFAULT_PATH) == -1 ||
	    set(env, "MAILBRIDGE_SINK", sink) == -1)
		goto fail;
	for (i = 0; i < NPASSED; i++) {
		if ((value = getenv(passed[i])) != NULL &&
		    set(env, passed[i], value) == -1)
			goto fail;
	}
	for (i = 0; i < c->nvariables; i++) {
		if (set_variable(env, &c->variables[i], f) == -1)
			goto fail;
	}
	return (env);

fail:
	exec_environment_free(env);
	return (NULL);
}

void
exec_environment_free(char **env)
{
	size_t i;

	if (env == NULL)
		return;
	for (i = 0; env[i] != NULL; i++) {
		explicit_bzero(env[i], strlen(env[i]));
		free(env[i]);
	}
	free(env);
}

/* 0 if it may be started, else errno. */
static int
try_path(const char *folder, const char *name, int namelen)
{
	struct stat st;
	char *path;
	int error = 0;

	/* An absolute name leaves the folder. */
	if (asprintf(&path, "%s%s%.*s", name[0] == '/' ? "" : folder,
		name[0] == '/' ? "" : "/", namelen, name) == -1)
		return (ENOMEM);
	if (stat(path, &st) == -1 || access(path, X_OK) == -1)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EACCES;
	free(path);
	return (error);
}

static int
search(const struct exec_config *c, const char *dirs)
{
	const char *name = c->command[0], *end;
	int error, denied = 0;
	char *path;

	for (;; dirs = end + 1) {
		end = dirs + strcspn(dirs, ":");
		if (asprintf(&path, "%.*s/%s", (int)(end - dirs),
			end == dirs ? "." : dirs, name) == -1)
			return (ENOMEM);
		error = try_path(c->folder, path, (int)strlen(path));
		free(path);
		if (error == 0)
			return (0);
		denied |= error == EACCES;
		if (*end == '\0')
			return (denied ? EACCES : ENOENT);
	}
}

int
exec_find(const struct exec_config *c, char *const *env, struct fault *f)
{
	const char *name = c->command[0];
	int error;

	while (strncmp(*env, "PATH=", 5) != 0)
		env++;
	error = strchr(name, '/') != NULL
	    ? try_path(c->folder, name, (int)strlen(name))
	    : search(c, *env + 5);
	if (error == 0)
		return (0);
	return (fault_set(f, FAULT_CONFIG, "%s: cannot be started: %s%s", name,
	    strerror(error),
	    error == EACCES ? " (is it a file, and chmod +x?)" : ""));
}
