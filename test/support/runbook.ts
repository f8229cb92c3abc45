/** The commands of a document for operators. */

/** The lines of its `sh` blocks. */
export function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/```sh\n(?<block>[^`]*)```/g)]
    .flatMap(({ groups }) => (groups?.["block"] ?? "").split("\n").map((line) => line.trim()))
    .filter((line) => line !== "");
}

/** The words of a command line, `"…"` as one word, with `$NAME` filled in. */
export function wordsOf(line: string, values: Readonly<Record<string, string>>): readonly string[] {
  const filled = line.replaceAll(/\$(?<name>[A-Z]+)/g, (_all, name: string) => values[name] ?? "");
  return [...filled.matchAll(/"(?<quoted>[^"]*)"|(?<plain>\S+)/g)].map(({ groups }) => groups?.["quoted"] ?? groups?.["plain"] ?? "");
}
