/** What the contract of all engines has and this one cannot do, by the name of the capability, and why. */
export const awsLacks = {
  verify:
    "processes in many places append at once, and a chain would make them wait for each other: each event has a hash of its own, checked whenever it is read",
  retention: "the journal keeps what it has; nothing in it is removed",
  backpressure: "DynamoDB grows with what is published, and what it throttles is refused by `STORE_UNAVAILABLE`",
  start: "functions run from their deployment on, whether or not a process has the queue open",
  grace: "what runs, runs in functions of its own, which closing a queue elsewhere does not end",
  keyConcurrency: "Lambda limits how many run of a function, not of a key; with `ordered: true` one of a key runs at once",
  redriveOrder: "an SQS FIFO queue hands out what it got first: what is sent again stands behind what waits",
  rowOrder: "DynamoDB scans a table in the order of its hashed keys, which only the whole table could be sorted into",
} as const;
