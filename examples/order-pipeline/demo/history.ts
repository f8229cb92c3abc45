/** What the buyers know of their own doing: the independent history that the file is checked against. */
export interface History {
  /** Orders that were acknowledged. */
  readonly placed: Set<string>;
  /** Submissions that repeated an order which had been submitted. */
  duplicates: number;
  /** Requests whose outcome was unknown, sent again with the same key. */
  unknown: number;
  /** Submissions that were refused, which no valid order should be. */
  readonly refused: string[];
  /** Cancellations that came too late. */
  tooLate: number;
}
