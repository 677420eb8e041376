// Amounts are decimals as text; they are summed in millionths, and never pass through a float on their way to the page.

const parts = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

function micros(amount) {
  const [, sign, whole, fraction = ""] = parts.exec(amount) || ["", "", "0"];
  const size = BigInt(whole + fraction.padEnd(6, "0"));
  return sign ? -size : size;
}

function text(size) {
  const digits = String(size < 0n ? -size : size).padStart(7, "0");
  const fraction = digits.slice(-6).replace(/0+$/, "");
  return `${size < 0n ? "-" : ""}${digits.slice(0, -6)}${fraction && "." + fraction}`;
}

// sum adds amounts of one currency; of none it is zero of the currency given.
export const sum = (list, currency) => ({ amount: text(list.reduce((all, m) => all + micros(m?.amount ?? "0"), 0n)), currency: list[0]?.currency || currency });

export const same = (a, b) => micros(a.amount) === micros(b.amount);

export const compare = (a, b) => Number(micros(a?.amount ?? "0") - micros(b?.amount ?? "0"));

// size is an amount for drawing: how long a bar is, never what stands beside it.
export const size = (m) => (m ? Number(m.amount) : 0);

// part is how much of the whole an amount is, from 0 to 1.
export const part = (m, whole) => (size(whole) > 0 ? size(m) / size(whole) : 0);
