// Random statements over pg, simple and extended, named and not: node postgres.js PORT SEED STATEMENTS
//
// Prints what it was told itself, as JSON: {"calls": {"SELECT items": n, ...}, "rows": {...}, "errors": {"42P01": n},
// "fetches": n}, the first two by the summary that a statement is to have.
"use strict";

const {Client} = require("pg");
const {randomFrom} = require("./random");

const [port, seed, statements] = process.argv.slice(2).map(Number);
const random = randomFrom(seed);
const told = {calls: {}, rows: {}, errors: {}, fetches: 0};

let last = 1000;
const id = () => 1 + random.below(100);
const unused = () => ++last;

// How a statement is sent; each has its summary, its text and what stands for its parameters.
const ways = [
  (text, values) => ({text: values.reduce((sql, value, index) => sql.replaceAll(`$${index + 1}`, String(value)), text)}),
  (text, values) => ({text, values}),
  (text, values) => ({name: text.slice(0, 60), text, values}),
];

const good = [
  ["SELECT items", "SELECT id, name FROM items WHERE id = $1", () => [id()]],
  ["SELECT items", "SELECT id FROM items WHERE id < $1 ORDER BY id", () => [id()]],
  ["SELECT items sales", "SELECT i.name FROM items i JOIN sales s ON s.item = i.id WHERE s.id = $1", () => [id()]],
  ["INSERT sales", "INSERT INTO sales (id, item) VALUES ($1, $2)", () => [unused(), id()]],
  ["INSERT sales", "INSERT INTO sales (id, item) VALUES ($1, $2) RETURNING id", () => [unused(), id()]],
  ["UPDATE items", "UPDATE items SET name = 'new' WHERE id = $1", () => [id()]],
  ["DELETE sales", "DELETE FROM sales WHERE id = $1", () => [1000 + id()]],
];

const bad = [
  ["42P01", "SELECT * FROM missing WHERE id = $1", () => [id()]],
  ["42703", "SELECT nothing FROM items WHERE id = $1", () => [id()]],
  ["22012", "SELECT id / 0 FROM items WHERE id < $1 + 1", () => [id()]],
  ["23505", "INSERT INTO items VALUES ($1, 'again')", () => [id()]],
  ["42601", "SELEC $1", () => [id()]],
];

function add(counts, name, count) {
  counts[name] = (counts[name] || 0) + count;
}

async function one(client) {
  const way = random.of(ways);
  if (random.below(10) === 0) {
    const [code, text, values] = random.of(bad);
    const error = await client.query(way(text, values())).then(() => new Error(`no error: ${text}`), (why) => why);
    if (error.code !== code) {
      throw error;
    }
    add(told.errors, code, 1);
    return;
  }
  const [summary, text, values] = random.of(good);
  const {rows} = await client.query(way(text, values()));
  add(told.calls, summary, 1);
  add(told.rows, summary, rows.length);
}

async function transaction(client) {
  const end = random.of(["COMMIT", "ROLLBACK"]);
  await client.query("BEGIN");
  await one(client);
  // After an error a COMMIT is a ROLLBACK to the server, and no error.
  await client.query(end);
  add(told.calls, "BEGIN", 1);
  add(told.calls, end, 1);
}

async function main() {
  const clients = await Promise.all(Array.from({length: 4}, async () => {
    const client = new Client({host: "127.0.0.1", port, user: "tester", database: "shop"});
    await client.connect();
    return client;
  }));
  await Promise.all(clients.map(async (client) => {
    for (let left = statements / clients.length; left > 0; left--) {
      await (random.below(20) === 0 ? transaction(client) : one(client));
    }
  }));
  // An unnamed portal whose rows are fetched ten at a time.
  for (let left = 20; left > 0; left--) {
    const {rows} = await clients[0].query({text: "SELECT id FROM items WHERE id > $1", values: [0], rows: 10});
    add(told.rows, "SELECT items", 10);
    add(told.calls, "SELECT items", 1);
    told.fetches += Math.floor(rows.length / 10);
    add(told.rows, "FETCH items", rows.length - 10);
  }
  await Promise.all(clients.map((client) => client.end()));
  console.log(JSON.stringify(told));
}

main();
