/** The door: one application from a request to a response, for every engine. */
export { createHttpApp } from "./app.ts";
export type { HttpApp } from "./app.ts";
export { createAuthenticator } from "./identity/authenticator.ts";
export type { AuthenticatorOptions } from "./identity/authenticator.ts";
export type { JwtAlgorithm, JwtOptions } from "./identity/jwt.ts";
export type { Authenticator, Credentials } from "./authenticator.ts";
export type { BackupResult, HttpAppOptions, HttpLimits, Peer, Rate, Readiness } from "./options.ts";
export { serve } from "./serve.ts";
export type { HttpServer, ServeOptions } from "./serve.ts";
