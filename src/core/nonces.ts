/** What may be used once: a signed request that somebody recorded must not work a second time. */
export interface Nonces {
  /** Whether `nonce` was unused; from now on it is used, durably, at least until `until` (milliseconds since 1970). */
  spend(nonce: string, until: number): Promise<boolean>;
}
