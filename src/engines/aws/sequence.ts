/** Numbers in one millisecond. */
const perMillisecond = 4_096;

/**
 * Makes growing numbers from the time: positions in the journal, versions of rows and fences of deliveries. Those of one maker
 * grow strictly, also when its clock stands still or jumps back, and after each number that it is told of, so that an effect stands
 * behind its cause; those of two makers are ordered by their clocks. Each
 * millisecond begins with a random number, so that two makers rarely give the same one. They are exact until 2039-09, when
 * they pass 2^53.
 */
export function sequenceMaker(now: () => number, random: () => number): SequenceMaker {
  let last = -1;
  return (after = -1) => {
    const first = now() * perMillisecond + Math.floor(random() * (perMillisecond / 2));
    last = Math.max(last + 1, first, after + 1);
    return last;
  };
}

/** `after`: what the number must be above, e.g. that of the event which caused this one: so no clock puts it before its cause. */
export type SequenceMaker = (after?: number) => number;

/** The least position that an event accepted at `time` can have. */
export function sequenceAt(time: number): number {
  return time * perMillisecond;
}

/** When the event at this position was accepted, milliseconds since 1970. */
export function timeOfSequence(sequence: number): number {
  return Math.floor(sequence / perMillisecond);
}
