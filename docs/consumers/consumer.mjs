// node consumer.mjs BROKERS TOPIC: print the subject of each mail, once, with
// the SDK of CloudEvents, which reads both its binary and its structured mode.
// An offset is committed when its event is dealt with: after a crash Kafka gives
// it again, and the ids in the file tell that it was.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import cloudevents from "cloudevents";
import { decompress } from "fzstd";
import kafkajs from "kafkajs";

const [brokers, topic] = process.argv.slice(2);
const file = "seen.txt";
const seen = new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
const kafka = new kafkajs.Kafka({ brokers: brokers.split(",") });
const consumer = kafka.consumer({ groupId: "subjects-node" });
// mailbridge compresses with zstd, which kafkajs leaves to others.
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => (
  { decompress: async (bytes) => Buffer.from(decompress(bytes)) });

const deal = (mail) => console.log(`${mail.id} ${mail.subject}`);

async function eachMessage({ partition, message }) {
  const headers = Object.fromEntries(Object.entries(message.headers)
    .map(([name, value]) => [name, value.toString()]));
  const event = cloudevents.Kafka.toEvent({ headers, value: message.value.toString() });
  const key = `${event.source} ${event.id}`;
  if (event.type === "mailbridge.message.received.v1" && !seen.has(key)) {
    deal(event.data);
    seen.add(key);
    appendFileSync(file, `${key}\n`);
  }
  const offset = String(BigInt(message.offset) + 1n);
  await consumer.commitOffsets([{ topic, partition, offset }]);
}

process.once("SIGTERM", () => consumer.disconnect());
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({ autoCommit: false, eachMessage });
