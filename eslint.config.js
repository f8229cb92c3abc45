import eslint from "@eslint/js";
import regexp from "eslint-plugin-regexp";
import security from "eslint-plugin-security";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** Syntax that the house style rules out everywhere. */
const bannedSyntax = [
  { selector: "TSEnumDeclaration", message: "No enum: use an `as const` object or a union of strings." },
  { selector: "TSModuleDeclaration[kind!='global']:not([declare=true])", message: "No namespace: a module is one." },
  { selector: "ExportAllDeclaration", message: "No `export *`: list the names, so that the public surface is read in one place." },
  {
    selector: "ExportDefaultDeclaration:not([declaration.callee.name='defineApp'])",
    message: "No default export: only a module whose default export is `defineApp(…)` has one.",
  },
];

/** Time, timers and randomness arrive through the System port: a run on the virtual clock must be the same each time. */
const impure = [
  { object: "Date", property: "now", message: "Ask the Clock port." },
  { object: "Math", property: "random", message: "Ask the System port." },
  { object: "performance", property: "now", message: "Ask the Clock port." },
  { object: "process", property: "hrtime", message: "Ask the Clock port." },
  { object: "crypto", property: "randomUUID", message: "Ask the System port for an id." },
  { object: "crypto", property: "getRandomValues", message: "Ask the System port." },
  { property: "randomUUID", message: "Ask the System port for an id." },
  { property: "randomBytes", message: "Ask the System port." },
];
const impureGlobals = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"].map((name) => ({ name, message: "Ask the Clock port for a timer." }));
const impureImports = [
  { name: "node:timers", message: "Ask the Clock port." },
  { name: "node:timers/promises", message: "Ask the Clock port." },
  { name: "node:crypto", importNames: ["randomUUID", "randomBytes", "randomInt", "getRandomValues"], message: "Ask the System port." },
  { name: "node:perf_hooks", message: "Ask the Clock port." },
];

export default defineConfig(
  { ignores: ["**/dist/**", "coverage/**", "**/node_modules/**"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  eslint.configs.recommended,
  regexp.configs.recommended,
  {
    rules: {
      "regexp/no-super-linear-move": "error",
      "regexp/prefer-character-class": "off", // a list of words stays a list of words
      "regexp/use-ignore-case": "off", // [A-Za-z] says it where one looks
    },
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/strict-boolean-expressions": ["error", { allowString: false, allowNumber: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      // It asks for the `!` that strict forbids.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      // A method signature is how a declaration accepts a handler that wants less than it gets.
      "@typescript-eslint/method-signature-style": "off",
      // A port may be asynchronous in its words and synchronous in one engine.
      "@typescript-eslint/require-await": "off",
      "no-restricted-syntax": ["error", ...bannedSyntax],
    },
  },
  {
    files: ["**/*.ts", "**/*.js"],
    plugins: { security },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "off",
      "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx"], location: "anywhere" }],
      "object-shorthand": "error",
      "prefer-template": "error",
      "security/detect-bidi-characters": "error",
      "security/detect-buffer-noassert": "error",
      "security/detect-eval-with-expression": "error",
      "security/detect-new-buffer": "error",
      "security/detect-non-literal-regexp": "error",
      "security/detect-pseudoRandomBytes": "error",
    },
  },
  {
    files: ["src/core/**/*.ts", "src/engines/**/*.ts"],
    ignores: ["**/*.test.ts", "src/engines/local/system.ts"],
    rules: {
      "no-restricted-properties": ["error", ...impure],
      "no-restricted-globals": ["error", ...impureGlobals],
      "no-restricted-imports": ["error", { paths: impureImports }],
      "no-restricted-syntax": ["error", ...bannedSyntax, { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "Ask the Clock port." }],
    },
  },
  {
    files: ["src/core/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: "^node:", message: "The core is pure: it imports nothing of Node." }] }],
      "no-restricted-globals": [
        "error",
        ...impureGlobals,
        ...["process", "Buffer", "fetch", "console", "require"].map((name) => ({ name, message: "The core is pure: it arrives as an argument." })),
      ],
    },
  },
  {
    // Where secrets of callers are compared.
    files: ["src/http/**/*.ts"],
    rules: { "security/detect-possible-timing-attacks": "error" },
  },
  {
    // Commands, demonstrations and benches talk to a terminal.
    files: ["src/cli/**/*.ts", "scripts/**", "bench/**", "examples/**/*.ts", "test/crash/**/*.ts", "test/simulate.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["**/*.test.ts", "**/*.test-d.ts", "test/**/*.ts"],
    rules: {
      // What is under test is often a thing that the types rule out.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "security/detect-non-literal-regexp": "off",
    },
  },
  {
    // The bench has its own packages, which are not there unless it was run: it is checked without types here, by its own build with them.
    files: ["bench/**/*.ts"],
    extends: [tseslint.configs.disableTypeChecked],
  },
  {
    // Type tests hold what must not compile, and what nobody runs.
    files: ["**/*.test-d.ts"],
    rules: {
      "@typescript-eslint/no-unused-vars": "off",
      "@typescript-eslint/no-meaningless-void-operator": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
    },
  },
  { files: ["*.config.ts", "*.config.js"], rules: { "no-restricted-syntax": "off" } },
);
