const letters = "abcdefghijkmnpqrstuvwxyz23456789"; // 32, without those that look alike

// newPassword makes a password of 100 random bits, in groups that can be read out.
export function newPassword() {
  const random = crypto.getRandomValues(new Uint8Array(20));
  return [...random].map((byte) => letters[byte % letters.length]).join("").replace(/(.{5})(?=.)/g, "$1-");
}
