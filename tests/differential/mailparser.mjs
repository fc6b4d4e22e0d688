// Reads mails, each a line of base64, and writes what nodemailer's mailparser makes of
// each mail as one line of JSON in the form of views.py.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// ESM imports know no NODE_PATH: the package is in .cache.
const require = createRequire(`${process.argv[2]}/package.json`);
const { simpleParser } = require("mailparser");

const options = {
  skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true,
  skipImageLinks: true, keepCidLinks: true, keepDeliveryStatus: true,
};

// A field that is repeated comes as a list; groups hold their members.
function addresses(field) {
  if (!field) return null;
  const list = [];
  const add = (a) => (a.group ? a.group.forEach(add)
    : list.push([a.name || "", a.address || ""]));
  [field].flat().forEach((one) => one.value.forEach(add));
  return list;
}

function view(mail) {
  return {
    subject: mail.subject ?? null,
    messageId: mail.messageId ?? null,
    date: mail.date ? mail.date.getTime() / 1000 : null,
    from: addresses(mail.from), to: addresses(mail.to),
    cc: addresses(mail.cc),
    text: mail.text ?? null,
    html: mail.html || null,
    attachments: mail.attachments.map((a) => ({
      name: a.filename || null, type: a.contentType,
      content: a.content.toString("base64"),
    })),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = view(await simpleParser(Buffer.from(line, "base64"), options));
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
}
