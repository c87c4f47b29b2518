// Reads a JSON list of Kubernetes objects and prints, for each, the list of what is wrong with it: [] for a right one.
//
// The validators of kubernetes-models know types, required fields, enums and patterns, but pass over fields that they do
// not know. Those are found by watching: what a validator never read of an object, it does not know.
import { existsSync, readFileSync } from "node:fs";

const packages = ["kubernetes-models", "@kubernetes-models/prometheus-operator"];

async function validatorOf({ apiVersion, kind }) {
  for (const name of packages) {
    const file = new URL(`node_modules/${name}/${apiVersion}/${kind}.js`, import.meta.url);
    if (!existsSync(file)) continue;
    // The class itself would copy the object before it validates, and so read all of its first level.
    const schema = readFileSync(file, "utf8").match(/_schemas\/(\w+)\.js/)[1];
    return (await import(new URL(`node_modules/${name}/_schemas/${schema}.js`, import.meta.url))).validate;
  }
  return null;
}

// `value` as the validator is to see it; each reading of a field adds its path to `read`.
function watched(value, path, read) {
  if (value === null || typeof value !== "object") return value;
  return new Proxy(value, {
    get(target, key) {
      const field = target[key];
      if (typeof key !== "string" || !Object.hasOwn(target, key)) return field;
      read.add(`${path}/${key}`);
      return watched(field, `${path}/${key}`, read);
    },
  });
}

// Fields that nobody read, the topmost of each branch, and nulls: a key for which a template had nothing to say.
function* leftOver(value, path, read) {
  if (value === null) yield `${path}: is null`;
  if (value === null || typeof value !== "object") return;
  for (const [key, field] of Object.entries(value)) {
    const at = `${path}/${key}`;
    if (read.has(at)) yield* leftOver(field, at, read);
    else yield `${at}: unknown field`;
  }
}

async function wrongWith(object) {
  const validate = await validatorOf(object);
  if (!validate) return [`there is no kind ${object.kind} in ${object.apiVersion}`];
  const read = new Set();
  const right = validate(watched(object, "", read));
  const errors = right ? [] : validate.errors.map((error) =>
    `${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`);
  return [...errors, ...leftOver(object, "", read)];
}

const verdicts = [];
for (const object of JSON.parse(readFileSync(0, "utf8"))) verdicts.push(await wrongWith(object));
process.stdout.write(JSON.stringify(verdicts));
