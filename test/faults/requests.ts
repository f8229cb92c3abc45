/** Requests with these keys have answers in the file. */
export const requestKeys: readonly string[] = Array.from({ length: 20 }, (_, index) => `request-${String(index)}`);

/** What a request with one of the keys asks. */
export function requestOf(key: string): { readonly body: { readonly bucket: string }; readonly idempotencyKey: string } {
  return { body: { bucket: key }, idempotencyKey: key };
}
