#include <stdio.h>
#include <sysexits.h>

#include "bridge/auth/secret.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/cli/check.h"

static int
check_account(const struct config_account *a)
{
	struct fault f;
	size_t len = 0;
	char *secret;

	if ((secret = secret_read(a->password, &len, &f)) == NULL) {
		fprintf(stderr, "%s: %s\n", a->name, f.text);
		return (fault_exit_code(f.kind));
	}
	secret_wipe(secret, len);
	printf("%s: password from %s\n", a->name, secret_where(a->password));
	return (EX_OK);
}

int
check_online(const struct config *cfg)
{
	int code = EX_OK, one;
	size_t i;

	for (i = 0; i < cfg->naccounts; i++) {
		if ((one = check_account(&cfg->accounts[i])) != EX_OK)
			code = one;
	}
	return (code);
}
