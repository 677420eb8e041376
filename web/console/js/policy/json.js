// Where a text stops being JSON; browsers word that each in their own way, if they say it at all.
const tokens = {
  space: /\s*/y,
  string: /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y,
  other: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y,
};

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) throw new SyntaxError();
    this.at = pattern.lastIndex;
  }

  next() {
    this.take(tokens.space);
    return this.text[this.at];
  }

  expect(sign) {
    if (this.next() !== sign) throw new SyntaxError();
    this.at++;
  }

  value() {
    const sign = this.next();
    if (sign === "{") return this.members("}", () => { this.next(); this.take(tokens.string); this.expect(":"); this.value(); });
    if (sign === "[") return this.members("]", () => this.value());
    return this.take(sign === '"' ? tokens.string : tokens.other);
  }

  members(close, member) {
    this.at++;
    if (this.next() === close) return void this.at++;
    for (;;) {
      member();
      if (this.next() === close) return void this.at++;
      this.expect(",");
    }
  }
}

// fault answers {line, column} of the first sign that JSON does not allow, or null.
export function fault(text) {
  const reader = new Reader(text);
  try {
    reader.value();
    if (reader.next() === undefined) return null;
  } catch {
    // the reader stands where it could not go on
  }
  const before = text.slice(0, reader.at).split("\n");
  return { line: before.length, column: before.at(-1).length + 1 };
}
