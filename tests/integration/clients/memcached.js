// Random commands over memjs, which speaks the binary protocol: node memcached.js PORT SEED COMMANDS
//
// Prints what it was told itself, as JSON: {"commands": {"get": n, ...}, "hits": n, "misses": n}.
"use strict";

const memjs = require("memjs");
const {randomFrom} = require("./random");

const [port, seed, commands] = process.argv.slice(2).map(Number);
const random = randomFrom(seed);
const told = {commands: {}, hits: 0, misses: 0};

const key = () => `${random.of(["user", "cart", "session"])}:${random.below(500)}`;

async function one(client) {
  const name = random.of(["get", "get", "get", "get", "get", "set", "set", "add", "replace", "delete", "increment",
                          "decrement", "append", "prepend", "touch"]);
  told.commands[name] = (told.commands[name] || 0) + 1;
  if (name === "get") {
    const {value} = await client.get(key());
    if (value === null) {
      told.misses++;
    } else {
      told.hits++;
    }
  } else if (name === "delete") {
    await client.delete(key());
  } else if (name === "touch") {
    await client.touch(key(), 10000);
  } else if (name === "increment" || name === "decrement") {
    await client[name](`counter:${random.below(20)}`, 1 + random.below(9), {initial: 100});
  } else if (name === "append" || name === "prepend") {
    // Of a key that is not there memjs makes an error.
    await client[name](key(), "more").catch((error) => {
      if (!error.message.endsWith("Item not stored")) {
        throw error;
      }
    });
  } else {
    await client[name](key(), "v".repeat(random.below(1000)), {expires: 10000});
  }
}

async function main() {
  const client = memjs.Client.create(`127.0.0.1:${port}`, {timeout: 30, retries: 1, logger: {log() {}}});
  let left = commands;
  while (left > 0) {
    const size = Math.min(left, random.of([1, 2, 10, 100]));
    await Promise.all(Array.from({length: size}, () => one(client)));
    left -= size;
  }
  client.close();
  console.log(JSON.stringify(told));
}

main();
