/** Bytes of an item as DynamoDB counts them: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function sizeOfItem(item: Readonly<Record<string, unknown>>): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOfValue(value), 0);
}

function sizeOfValue(value: unknown): number {
  const [[type, inner] = ["NULL", true]] = Object.entries(value as object) as [string, unknown][];
  if (type === "S") return Buffer.byteLength(String(inner));
  if (type === "N") return Math.ceil(String(inner).length / 2) + 1; // at most: zeros at its ends do not count
  if (type === "B") return (inner as Uint8Array).length;
  if (type === "L") return 3 + (inner as readonly unknown[]).reduce<number>((sum, one) => sum + 1 + sizeOfValue(one), 0);
  if (type === "M") return 3 + sizeOfItem(inner as Readonly<Record<string, unknown>>);
  return 1;
}
