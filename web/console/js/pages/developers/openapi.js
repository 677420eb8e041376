// Reads the API's own description.

// lookup follows a reference within the document.
export function lookup(doc, node) {
  if (!node?.$ref) return node;
  return node.$ref.slice(2).split("/").reduce((at, key) => at?.[key], doc);
}

// groups lists every operation by its subject, in the order of the document.
export function groups(doc) {
  const found = new Map();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
      const op = item[method];
      if (!op) continue;
      const group = op.tags?.[0] || "other";
      if (!found.has(group)) found.set(group, []);
      found.get(group).push({ ...op, path, method: method.toUpperCase(), parameters: [...(item.parameters || []), ...(op.parameters || [])].map((p) => lookup(doc, p)) });
    }
  }
  return [...found];
}

// content is the type and the schema of a body: [kind, schema], or null.
export function content(doc, holder) {
  const kinds = Object.entries(lookup(doc, holder)?.content || {});
  return kinds.length ? [kinds[0][0], kinds[0][1].schema] : null;
}

// named is the name of a schema, "" if it has none.
export const named = (schema) => schema?.$ref?.split("/").at(-1) || "";

// type tells a schema in a few words: [text, the schema that it names].
export function type(schema) {
  if (!schema) return ["", ""];
  if (schema.$ref) return [named(schema), named(schema)];
  if (schema.enum) return [schema.enum.join(" · "), ""];
  const several = schema.oneOf || schema.anyOf;
  if (several) {
    const all = several.map(type);
    return [all.map(([text]) => text).join(" | "), all.map(([, name]) => name).find(Boolean) || ""];
  }
  const kind = [schema.type].flat().filter(Boolean).join(" | ");
  if (kind.startsWith("array")) {
    const [text, name] = type(schema.items);
    return [`${text || "any"}[]`, name];
  }
  return [schema.format ? `${kind} (${schema.format})` : kind, ""];
}

const formats = { "date-time": "2026-11-20T08:00:00Z", uuid: "0190a3c4-0000-7000-8000-000000000000", date: "2026-11-20", uri: "https://app.example.com" };

const names = { to: "+84912345678", phone: "+84912345678", url: "https://app.example.com/cascade", name: "example", text: "Order A-1029 is on its way.", reason: "A customer asked" };

// example makes a body of what is required, and of all that is there where nothing is.
export function example(doc, given, depth = 0, name = "") {
  const schema = lookup(doc, given) || {};
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const several = schema.oneOf || schema.anyOf;
  if (several) return example(doc, several[0], depth);
  const kind = [schema.type].flat()[0];
  if (kind === "array") return depth > 4 ? [] : [example(doc, schema.items, depth + 1)];
  if (kind === "integer" || kind === "number") return schema.minimum ?? 1;
  if (kind === "boolean") return true;
  if (kind === "object" || schema.properties) {
    const own = schema.required?.length ? schema.required : Object.keys(schema.properties || {});
    return depth > 4 ? {} : Object.fromEntries(own.map((name) => [name, example(doc, schema.properties?.[name], depth + 1, name)]));
  }
  return formats[schema.format] || names[name] || "…";
}
