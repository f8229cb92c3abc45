/** The door: one application from a request to a response, for every engine. */
export { createHttpApp } from "./app.ts";
export type { HttpApp } from "./app.ts";
export type { Authenticator, Credentials } from "./authenticator.ts";
export type { BackupResult, HttpAppOptions, HttpLimits, Peer, Rate, Readiness } from "./options.ts";
export { serve } from "./serve.ts";
export type { HttpServer, ServeOptions } from "./serve.ts";
