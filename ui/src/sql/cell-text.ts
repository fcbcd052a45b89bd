// Values of an answer as they are shown.
import type { Cell } from "../api/sql.ts";
import { oneLine } from "../text/harmless.ts";

const MOST = 400;

export function cellText(value: Cell): string {
  if (value === null) return "";
  return oneLine(typeof value === "string" ? value : JSON.stringify(value), MOST);
}

export function isNumeric(type: string): boolean {
  return /^(?:U?(?:BIG|HUGE|SMALL|TINY)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL.*)$/.test(type);
}
