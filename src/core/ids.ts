/**
 * Makes UUIDv7 ids (RFC 9562 §5.7, method 1): milliseconds, then a 12-bit counter that starts anew each millisecond, then
 * 62 random bits. Ids of one maker are strictly increasing, also when its clock stands still or jumps back.
 */
export function idMaker(now: () => number, random: () => number): () => string {
  let last = -1;
  let stamp = "";
  let counter = 0;
  const moveTo = (time: number): void => {
    last = time;
    counter = 0;
    const text = time.toString(16).padStart(12, "0");
    stamp = `${text.slice(0, 8)}-${text.slice(8)}-7`;
  };
  return () => {
    const time = now();
    if (time > last) moveTo(time);
    else if (counter === 0xfff) moveTo(last + 1);
    else counter += 1;
    const [first, second, third] = [bits26(random), bits26(random), bits26(random)];
    const variant = "89ab"[first >>> 24] ?? "8";
    return `${stamp}${hex(counter)}-${variant}${hex(first >>> 12)}-${hex(first)}${hex(second >>> 12)}${hex(second)}${hex(third)}`;
  };
}

function bits26(random: () => number): number {
  return Math.floor(random() * 0x400_0000);
}

/** Every three-digit hexadecimal number: an id is put together from five of them. */
const digits: readonly string[] = Array.from({ length: 0x1000 }, (_, value) => value.toString(16).padStart(3, "0"));

function hex(value: number): string {
  return digits[value & 0xfff] ?? "";
}
