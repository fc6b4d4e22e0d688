// Reads {documents: [...], schemas: [{schema, draft, events}]} from stdin and
// prints what is wrong with them: by the official parser of AsyncAPI, and by
// ajv, where a draft says of what kind a schema is taken to be.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.MODULES + "/");
const { Parser } = require("@asyncapi/parser");
const kinds = { "2020-12": require("ajv/dist/2020").default,
  "draft-07": require("ajv").default };
const addFormats = require("ajv-formats").default;

const { documents, schemas } = JSON.parse(readFileSync(0, "utf8"));
const wrong = [];
for (const text of documents) {
  const { document, diagnostics } = await new Parser().parse(text);
  // Tools read 3.0 first, and 3.1 differs in what is not used here.
  wrong.push(...diagnostics
    .filter(({ code }) => code !== "asyncapi-latest-version")
    .map(({ code, message, path }) =>
      `asyncapi: ${path.join(".")}: ${code}: ${message}`));
  for (const message of document?.allMessages().all() ?? [])
    if (!message.hasPayload() || !message.hasHeaders())
      wrong.push(`asyncapi: ${message.id()} has no payload or no headers`);
  const numbers = (document?.channels().all() ?? [])
    .map(channel => channel.messages().all().length);
  if (numbers.join() !== "3,3,3")
    wrong.push(`asyncapi: ${numbers} messages in topic, stream and webhook`);
  if (document?.operations().get("publishToWebhook").bindings().get("http")
    ?.value().method !== "POST")
    wrong.push("asyncapi: the webhook's operation has no HTTP binding");
}
for (const { schema, draft, events } of schemas) {
  const { $schema, ...rest } = schema;
  const ajv = new kinds[draft]({ strict: true, allowUnionTypes: true });
  addFormats(ajv);
  const validate = ajv.compile(rest);
  for (const event of events)
    if (!validate(event))
      wrong.push(`${draft}: ${ajv.errorsText(validate.errors)}`);
}
console.log(JSON.stringify(wrong));
