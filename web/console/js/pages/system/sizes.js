import { number } from "../../format.js";

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

// bytes writes a size in the unit in which it reads best.
export function bytes(n) {
  if (!Number.isFinite(n)) return "–";
  const power = Math.min(Math.max(Math.floor(Math.log2(Math.max(n, 1)) / 10), 0), units.length - 1);
  return `${number(n / 1024 ** power, { maximumFractionDigits: power > 0 ? 1 : 0 })} ${units[power]}`;
}
