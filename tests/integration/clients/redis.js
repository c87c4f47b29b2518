// Random reads and writes over ioredis with automatic pipelining: node redis.js PORT SEED COMMANDS
//
// Prints what it was told itself, as JSON: {"commands": {"GET": n, ...}, "hits": n, "misses": n, "errors": {"ERR": n}}.
// Reads are those whose reply says whether the key was there.
"use strict";

const Redis = require("ioredis");
const {randomFrom} = require("./random");

const [port, seed, commands] = process.argv.slice(2).map(Number);
const random = randomFrom(seed);
const told = {commands: {}, hits: 0, misses: 0, errors: {}};

const key = () => `${random.of(["user", "cart", "session"])}:${random.below(2000)}`;
const keys = () => Array.from({length: 1 + random.below(6)}, key);

function count(name) {
  told.commands[name] = (told.commands[name] || 0) + 1;
}

function looked(found) {
  if (found) {
    told.hits++;
  } else {
    told.misses++;
  }
}

// Executes one command and counts what it told.
async function one(redis) {
  const kind = random.below(100);
  try {
    if (kind < 30) {
      count("GET");
      looked((await redis.get(key())) !== null);
    } else if (kind < 50) {
      count("SET");
      await redis.set(key(), "v".repeat(1 + random.below(300)));
    } else if (kind < 62) {
      count("MGET");
      (await redis.mget(...keys())).forEach((value) => looked(value !== null));
    } else if (kind < 68) {
      count("GETEX");
      looked((await redis.getex(key(), "EX", 10000)) !== null);
    } else if (kind < 76) {
      count("GETDEL");
      looked((await redis.getdel(key())) !== null);
    } else if (kind < 82) {
      count("STRLEN");
      looked((await redis.strlen(key())) > 0);
    } else if (kind < 88) {
      count("DEL");
      await redis.del(...keys());
    } else if (kind < 92) {
      count("INCRBY");
      await redis.incrby(`counter:${random.below(20)}`, random.below(100));
    } else if (kind < 95) {
      count("LPUSH");
      await redis.lpush(`list:${random.below(20)}`, "a");
    } else if (kind < 97) {
      count("INCR");
      await redis.incr(`list:${random.below(20)}`);  // An error as soon as there is a list.
    } else if (kind < 99) {
      ["MULTI", "GET", "SET", "EXEC"].forEach(count);
      const [[, value]] = await redis.multi().get(key()).set(key(), "in a transaction").exec();
      looked(value !== null);
    } else {
      count("EVAL");
      await redis.eval("return 1", 0);
    }
  } catch (error) {
    const code = error.message.split(" ")[0];
    told.errors[code] = (told.errors[code] || 0) + 1;
  }
}

async function main() {
  // It asks for nothing by itself, so that all the server counts is ours.
  const redis = new Redis({port, enableAutoPipelining: true, enableReadyCheck: false, disableClientInfo: true});
  let left = commands;
  // What is asked in one turn of the loop goes out as one pipeline.
  while (left > 0) {
    const size = Math.min(left, random.of([1, 2, 10, 100, 400]));
    await Promise.all(Array.from({length: size}, () => one(redis)));
    left -= size;
  }
  await redis.disconnect();
  console.log(JSON.stringify(told));
}

main();
