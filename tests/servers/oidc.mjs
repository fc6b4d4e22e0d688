// An OAuth2 server that is not ours: oidc-provider, set up by the JSON that
// its one argument names.  Prints one line of JSON when it listens.
import fs from 'node:fs';
import https from 'node:https';
import { pathToFileURL } from 'node:url';

const setup = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const { Provider } = await import(
  pathToFileURL(`${setup.modules}/oidc-provider/lib/index.js`));

const provider = new Provider(`https://localhost:${setup.port}`, {
  clients: setup.clients,
  ...(setup.jwks ? { jwks: setup.jwks } : {}),
  scopes: ['openid', 'offline_access', 'imap'],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: false },
  },
  rotateRefreshToken: true,
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // What Dovecot compares with the user that logs in.
  extraTokenClaims: (ctx, token) => ({
    username: token.accountId ?? token.clientId }),
  ttl: {
    ClientCredentials: setup.ttl,
    AccessToken: setup.ttl,
    RefreshToken: 86400,
    Grant: 86400,
  },
});

provider.on('server_error', (ctx, error) => console.error(error));
for (const name of ['grant.error', 'introspection.error']) {
  provider.on(name, (ctx, error) => console.error(name, error.message,
    error.error_detail ?? ''));
}

// A person would have consented in a browser.
async function consent(accountId, clientId) {
  const client = await provider.Client.find(clientId);
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope('openid offline_access imap');
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    accountId, client, grantId, gty: 'authorization_code',
    scope: 'openid offline_access imap',
  });
  return token.save();
}

const refresh = {};
for (const [user, client] of Object.entries(setup.consents ?? {})) {
  refresh[user] = await consent(user, client);
}

const app = provider.callback();
https.createServer({
  cert: fs.readFileSync(setup.cert), key: fs.readFileSync(setup.key),
}, (request, response) => {
  if (request.url === '/token') console.log('TOKEN REQUEST');
  app(request, response);
}).listen(setup.port, '127.0.0.1', () => {
  console.log(JSON.stringify({ refresh }));
});
