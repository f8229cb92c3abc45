/**
 * The limits, equal on both engines. They are the smallest of what SQLite, DynamoDB, SQS and EventBridge take
 * (AWS service quotas, read 2026-11): a handler that works on a laptop never meets a smaller limit in the cloud.
 */
export const limits = {
  /** Bytes of one event's data as JSON: an EventBridge entry and an SQS message take 256 KiB. */
  eventBytes: 256 * 1024,
  /** Bytes of one table row as JSON: a DynamoDB item takes 400 KB; the rest is left for keys and index entries. */
  rowBytes: 400 * 1024 - 8 * 1024,
  /** Levels of nesting in data: DynamoDB documents take 32. */
  depth: 32,
  /** Rows read or written and events emitted by one delivery: a DynamoDB transaction takes 100 items, one is the inbox mark. */
  itemsPerCommit: 99,
  /** Characters of an id, a source, a key. */
  identifierLength: 256,
  /** Characters of a declared name: EventBridge drops events whose detail-type is longer than 128. */
  nameLength: 128,
} as const;
