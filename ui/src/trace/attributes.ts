// Attribute values as text: what a table shows, what find looks at, what copy copies.
import type { AnyValue, KeyValue } from "../api/otlp.ts";

export type ValueType = "string" | "int" | "double" | "bool" | "bytes" | "array" | "map" | "empty";

export interface Attribute {
  key: string;
  type: ValueType;
  text: string;
}

export function typeOf(value: AnyValue | undefined): ValueType {
  if (!value) return "empty";
  if (value.stringValue !== undefined) return "string";
  if (value.intValue !== undefined) return "int";
  if (value.boolValue !== undefined) return "bool";
  if (value.doubleValue !== undefined) return "double";
  if (value.bytesValue !== undefined) return "bytes";
  if (value.arrayValue) return "array";
  return value.kvlistValue ? "map" : "empty";
}

/** Strings as they are, numbers in full, lists and maps as JSON. */
export function textOf(value: AnyValue | undefined): string {
  if (!value) return "";
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.intValue !== undefined) return String(value.intValue);
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.doubleValue !== undefined) return String(value.doubleValue);
  if (value.bytesValue !== undefined) return value.bytesValue;
  return value.arrayValue || value.kvlistValue ? jsonOf(value) : "";
}

// Text is written by hand because a 64-bit integer does not survive JSON.stringify of a number, nor a key twice an object.
function jsonOf(value: AnyValue | undefined): string {
  if (value?.arrayValue) return `[${(value.arrayValue.values ?? []).map(jsonOf).join(", ")}]`;
  if (value?.kvlistValue) {
    return `{${(value.kvlistValue.values ?? []).map(pair => `${JSON.stringify(pair.key ?? "")}: ${jsonOf(pair.value)}`).join(", ")}}`;
  }
  const type = typeOf(value);
  if (type === "empty") return "null";
  return type === "string" || type === "bytes" ? JSON.stringify(textOf(value)) : textOf(value);
}

export function attributesOf(pairs: readonly KeyValue[] | undefined): Attribute[] {
  return (pairs ?? [])
    .map(({ key, value }) => ({ key: key ?? "", type: typeOf(value), text: textOf(value) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Plain JSON values, as the log routes answer them. */
export function attributesOfPlain(values: Record<string, unknown> | undefined): Attribute[] {
  return Object.entries(values ?? {}).map(([key, value]) => ({ key, ...plain(value) }));
}

export function plain(value: unknown): { type: ValueType; text: string } {
  if (typeof value === "string") return { type: "string", text: value };
  if (typeof value === "number") return { type: Number.isInteger(value) ? "int" : "double", text: String(value) };
  if (typeof value === "boolean") return { type: "bool", text: String(value) };
  if (value === null || value === undefined) return { type: "empty", text: "" };
  return { type: Array.isArray(value) ? "array" : "map", text: JSON.stringify(value) };
}

export function stringAttribute(pairs: readonly KeyValue[] | undefined, key: string): string | undefined {
  return pairs?.find(pair => pair.key === key)?.value?.stringValue;
}
