// Checks offline what `cargo deny check licenses bans sources` checks: reads the lists from deny.toml
// and, from standard input, one line `package | licence` for every package that is built somewhere
// (`cargo tree --target all --prefix none --format '{p} | {l}'`).
import { readFileSync } from "node:fs";

const rules = readFileSync(process.argv[2], "utf8");
const lines = new Set(
  readFileSync(0, "utf8")
    .split("\n")
    .filter((line) => line.includes(" | "))
    .map((line) => line.replace(/ \(\*\)$/, "")),
);

const allowed = new Set(
  [...rules.match(/^allow = \[([^\]]*)\]/m)[1].matchAll(/"([^"]+)"/g)].map(([, name]) => name),
);
const banned = new Set(
  [...rules.matchAll(/\{ crate = "([^":]+)", /g)].map(([, name]) => name),
);

// An SPDX expression, read from left to right: OR needs one side, AND both.
function fine(expression) {
  const tokens = expression.replaceAll("/", " OR ").match(/\(|\)|[^\s()]+/g);
  const all = () => {
    let value = one();
    while (tokens[0] === "AND") {
      tokens.shift();
      value = one() && value;
    }
    return value;
  };
  const any = () => {
    let value = all();
    while (tokens[0] === "OR") {
      tokens.shift();
      value = all() || value;
    }
    return value;
  };
  const one = () => {
    const token = tokens.shift();
    if (token === "(") {
      const value = any();
      tokens.shift();
      return value;
    }
    if (tokens[0] === "WITH") {
      tokens.splice(0, 2);
      return false;
    }
    return allowed.has(token);
  };
  return any();
}

const problems = [];
for (const line of lines) {
  const [what, license] = line.split(" | ");
  const [, name, version, place] = what.match(/^(\S+) v(\S+)(?: \((?!proc-macro)(.*)\))?/);
  // A place is named for what does not come from the registry: our own package, a path, a clone.
  if (place !== undefined && name !== "shouxin") problems.push(`${name} comes from ${place}`);
  if (banned.has(name)) problems.push(`${name} ${version} is banned`);
  if (!license || !fine(license)) problems.push(`${name} ${version} has the licence ${license}`);
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`${lines.size} packages, all from the registry, all under a licence of the list`);
