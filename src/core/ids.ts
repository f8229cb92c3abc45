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
    const text = hex(time, 12);
    stamp = `${text.slice(0, 8)}-${text.slice(8)}-7`;
  };
  return () => {
    const time = now();
    if (time > last) moveTo(time);
    else if (counter === 0xfff) moveTo(last + 1);
    else counter += 1;
    const high = Math.floor(random() * 0x4000_0000);
    const low = Math.floor(random() * 0x1_0000_0000);
    return `${stamp}${hex(counter, 3)}-${hex(0x8000 + (high >>> 16), 4)}-${hex(high & 0xffff, 4)}${hex(low, 8)}`;
  };
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
