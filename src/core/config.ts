/** What `pulsequeue.config.ts` holds: defaults for the command's options. Paths are relative to that file. */
export interface Config {
  /** Module whose default export is the app. @default "./app.ts", "./app.js" or "./app.mjs", the first that exists */
  readonly app?: string;
  /** The queue's file. @default ".pulsequeue/app.db" */
  readonly file?: string;
}

/**
 * Gives `pulsequeue.config.ts` its type.
 *
 * @example
 * export default defineConfig({ app: "./app.ts", file: ".pulsequeue/app.db" });
 */
export function defineConfig(config: Config): Config {
  return Object.freeze({ ...config });
}
