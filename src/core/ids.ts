/**
 * Makes UUIDv7 ids (RFC 9562 §5.7, method 1): milliseconds, then a 12-bit counter that starts anew each millisecond, then
 * 62 random bits. Ids of one maker are strictly increasing, also when its clock stands still or jumps back.
 */
export function idMaker(now: () => number, random: () => number): () => string {
  let last = 0;
  let counter = 0;
  return () => {
    const time = now();
    if (time > last) {
      last = time;
      counter = 0;
    } else {
      counter += 1;
      if (counter > 0xfff) {
        last += 1;
        counter = 0;
      }
    }
    const stamp = hex(last, 12);
    const high = Math.floor(random() * 0x4000_0000);
    const low = Math.floor(random() * 0x1_0000_0000);
    const variant = hex(0x8000 + (high >>> 16), 4);
    return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hex(counter, 3)}-${variant}-${hex(high & 0xffff, 4)}${hex(low, 8)}`;
  };
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
