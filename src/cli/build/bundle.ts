/** One function as one file: bundled, minified, and zipped so that two builds of the same sources are equal byte by byte. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { build, type Plugin } from "esbuild";
import { zipSync } from "fflate";
import { PulseQueueError } from "../../core/errors.ts";
import { lambdaRuntime } from "../../synth/index.ts";
import type { Entry } from "./entries.ts";

export interface Bundle {
  readonly name: string;
  readonly kind: Entry["kind"];
  /** Bytes of the minified code. */
  readonly bytes: number;
  /** What is uploaded. */
  readonly zip: Uint8Array;
  /** Kept apart: it would make every cold start slower, and it shows the sources. */
  readonly sourceMap: Uint8Array;
  /** SHA-256 of the zip, base64, as Lambda calls it. */
  readonly hash: string;
  /** AWS clients that it holds, e.g. `dynamodb`. */
  readonly clients: readonly string[];
  /** The heaviest packages in it, with their bytes after minification. */
  readonly packages: readonly (readonly [name: string, bytes: number])[];
}

/** esbuild makes code for the version of JavaScript of Lambda's runtime. */
const target = lambdaRuntime.replace(/^nodejs(\d+)\.x$/, "node$1");

/** CommonJS packages inside an ES module ask for Node's own modules by `require`. */
const banner = `import { createRequire as pulsequeueRequire } from "node:module"; const require = pulsequeueRequire(import.meta.url);`;

/** A zip has dates; DOS time begins here. */
const epoch = new Date("1980-01-01T00:00:00");

/** Throws `APP_NOT_LOADED` where the app or a package in it cannot be bundled. */
export async function bundleOf(entry: Entry, appPath: string): Promise<Bundle> {
  const result = await build({
    stdin: { contents: entry.source, resolveDir: dirname(appPath), sourcefile: `${entry.name}.ts`, loader: "ts" },
    absWorkingDir: dirname(appPath),
    bundle: true,
    write: false,
    outfile: "index.mjs",
    format: "esm",
    platform: "node",
    target,
    mainFields: ["module", "main"],
    conditions: conditionsOf(),
    minify: true,
    legalComments: "none",
    treeShaking: true,
    sourcemap: "external",
    sourcesContent: true,
    metafile: true,
    charset: "utf8",
    banner: { js: banner },
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
    plugins: [noDevelopment, credentialsFromEnvironment, versionsOnly],
  }).catch((cause: unknown) => {
    throw new PulseQueueError(
      "APP_NOT_LOADED",
      `${entry.name} cannot be bundled: ${cause instanceof Error ? cause.message.slice(0, 2_000) : "esbuild failed"}`,
      {
        cause,
      },
    );
  });
  const file = (ending: string): Uint8Array => result.outputFiles.find((output) => output.path.endsWith(ending))?.contents ?? new Uint8Array();
  const code = file("index.mjs");
  const zip = zipSync({ "index.mjs": code }, { level: 9, mtime: epoch });
  const packages = weigh(Object.values(result.metafile.outputs).flatMap((output) => Object.entries(output.inputs)));
  return {
    name: entry.name,
    kind: entry.kind,
    bytes: code.length,
    zip,
    sourceMap: file("index.mjs.map"),
    hash: createHash("sha256").update(zip).digest("base64"),
    clients: packages.flatMap(([name]) => /^@aws-sdk\/client-(?<client>.+)$/.exec(name)?.groups?.["client"] ?? []).sort(),
    packages: packages.slice(0, 10),
  };
}

/** ES modules first, whose unused parts fall away. Inside this repository the sources are bundled; a user's project has the package as it is published. */
function conditionsOf(): string[] {
  return import.meta.url.endsWith(".ts") ? ["module", "source"] : ["module"];
}

/** What is for a developer's machine only must not reach a function: it is an error, not dead weight. */
const noDevelopment: Plugin = {
  name: "no-development-code",
  setup(bundler) {
    bundler.onResolve({ filter: /^(?:better-sqlite3|commander|tsx|vitest|pulsequeue\/(?:local|testing))$/ }, ({ path, importer }) => ({
      errors: [{ text: `${path} is for one machine and cannot run in a function; it is imported by ${importer.split("/").slice(-2).join("/")}` }],
    }));
  },
};

/** A Lambda function has its credentials in its environment: the other ways (profiles, single sign-on, machines) are 100 kB that it never takes. */
const credentialsFromEnvironment: Plugin = {
  name: "credentials-from-environment",
  setup(bundler) {
    bundler.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === "its place") return undefined;
      const real = await bundler.resolve(path, { resolveDir, kind, pluginData: "its place" });
      return { path, namespace: "credentials", pluginData: dirname(real.path) };
    });
    bundler.onLoad({ filter: /.*/, namespace: "credentials" }, ({ pluginData }) => ({
      contents: `export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";`,
      resolveDir: String(pluginData),
    }));
  },
};

/** AWS's clients tell their version, for which they carry their whole package.json: its scripts and development packages have no use there. */
const versionsOnly: Plugin = {
  name: "versions-only",
  setup(bundler) {
    bundler.onLoad({ filter: /@aws-sdk[/\\][^/\\]+[/\\]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, "utf8")) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};

function weigh(inputs: readonly (readonly [path: string, { readonly bytesInOutput: number }])[]): readonly (readonly [string, number])[] {
  const weights = new Map<string, number>();
  for (const [path, { bytesInOutput }] of inputs) {
    if (bytesInOutput === 0) continue;
    const name = packageOf(path);
    weights.set(name, (weights.get(name) ?? 0) + bytesInOutput);
  }
  return [...weights].sort(([, left], [, right]) => right - left);
}

function packageOf(path: string): string {
  const [scope = "", second = ""] = path.split("node_modules/").at(-1)?.split("/") ?? [];
  if (!path.includes("node_modules/")) return "the app and pulsequeue";
  return scope.startsWith("@") ? `${scope}/${second}` : scope;
}
