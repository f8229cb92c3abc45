import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { awsLacks } from "pulsequeue/aws";
import { deliveryStates, transition, type DeliveryFact, type DeliveryState } from "../src/core/delivery.ts";
import { limits } from "../src/core/limits.ts";
import { enginesDocument, expectedTallies } from "../scripts/engines-document.ts";
import { errorsDocument } from "../scripts/errors-document.ts";
import { compileSnippets } from "./support/snippets.ts";
import { brokenLinks } from "./support/style.ts";
import { projectRoot, readTree, treeOf } from "./support/tree.ts";

const documents = readTree(["."], [".md"]);
const read = (path: string): string => readFileSync(join(projectRoot, path), "utf8");

describe("links", () => {
  test("every relative link leads to a file, and every anchor to a heading", () => {
    expect(brokenLinks(documents, (path) => existsSync(join(projectRoot, path)))).toEqual([]);
  });

  test("a broken link is found: no file, no heading, an anchor into something that is not a document", () => {
    const tree = treeOf({
      "README.md": "[a](docs/a.md) [b](docs/b.md) [c](docs/a.md#two-words) [d](docs/a.md#three) [e](src/x.ts#l1) [f](#here) [g](https://example.org) `[h](no)`",
      "docs/a.md": "# A\n\n## Two words!\n\n[up](../README.md) [out](../src/x.ts) ![none](no.png)\n```\n[code](no.md)\n```\n",
    });
    expect(brokenLinks(tree, (path) => path === "src/x.ts")).toEqual([
      "README.md links to docs/b.md",
      "README.md links to docs/a.md#three",
      "README.md links to src/x.ts#l1",
      "README.md links to #here",
      "docs/a.md links to no.png",
    ]);
  });
});

describe("code in documents", () => {
  const broken = [
    "# A",
    "```ts",
    'import { defineEvent } from "pulsequeue";',
    "```",
    "text",
    "```ts",
    'defineEvent("a", {});',
    "```",
    "```js",
    "nonsense(",
    "```",
  ].join("\n");
  let found: readonly string[] = [];
  beforeAll(() => {
    const own = [...documents].filter(([path]) => path.startsWith("docs/"));
    found = compileSnippets(new Map([...own, ["docs/broken.md", broken]]));
  }, 120_000);

  test("every TypeScript block compiles against the public entries", () => {
    expect(found.filter((problem) => !problem.startsWith("docs/broken.md"))).toEqual([]);
  });

  test("a block that does not is found, with its line", () => {
    expect(found.filter((problem) => problem.startsWith("docs/broken.md"))).toEqual([expect.stringMatching(/^docs\/broken\.md:7 .*schema/)]);
  });
});

describe("the limits in the document are those of the code", () => {
  const rows = [...read("docs/limits.md").matchAll(/^\| [^|]+ \| (\d+)(?: [^|]*)?\| `(\w+)` \|/gm)].map(([, value, name]) => [name, Number(value)] as const);

  test("each has its row, and no row is left over", () => {
    expect(Object.fromEntries(rows)).toEqual(limits);
  });
});

describe("the delivery machine in the document is that of the code", () => {
  const document = read("docs/concepts/deliveries.md");
  const failure = { code: "HANDLER_FAILED", message: "", at: 0 };
  const facts: readonly DeliveryFact[] = [
    ...(["due", "claimed", "blocked", "released", "succeeded", "returned", "redriven", "discarded"] as const).map((type) => ({ type })),
    { type: "failed", failure, final: false, delay: undefined },
    { type: "failed", failure, final: true, delay: undefined },
    { type: "postponed", failure, delay: 1 },
    { type: "crashed", failure },
  ];

  /** Every move that the code allows, as Mermaid writes it; attempts are tried with some left and with none. */
  function movesOfCode(): readonly string[] {
    const moves = new Set<string>();
    const policy = { attempts: 2, min: 0, max: 0 };
    for (const state of deliveryStates) {
      for (const fact of facts) {
        for (const attempts of [1, 2]) {
          const after = attempted(() => transition({ state, attempts, dueAt: undefined, failure: undefined }, fact, policy, 0, () => 0).status.state);
          if (after !== undefined) moves.add(`${state} --> ${after}: ${fact.type}`);
        }
      }
    }
    return [...moves].sort();
  }

  test("the diagram has every transition, and no other", () => {
    const drawn = [...document.matchAll(/^ {2}(\w+ --> \w+: \w+)$/gm)].map(([, move]) => move).sort();
    expect(drawn).toEqual(movesOfCode());
  });

  test("the table has every state, in the order of the code", () => {
    expect([...document.matchAll(/^\| `(\w+)` \|/gm)].map(([, state]) => state)).toEqual(deliveryStates);
  });
});

function attempted(move: () => DeliveryState): DeliveryState | undefined {
  try {
    return move();
  } catch {
    return undefined;
  }
}

describe("docs/errors.md", () => {
  test("is what the catalogue gives", () => {
    expect(read("docs/errors.md")).toBe(errorsDocument());
  });
});

describe("docs/concepts/engines.md", () => {
  test("is what the suite says where every case passes that an engine can run", () => {
    expect(read("docs/concepts/engines.md")).toBe(enginesDocument(expectedTallies([]), expectedTallies(Object.keys(awsLacks))));
  });
});
