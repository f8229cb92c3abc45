/** Functions of a deployment in AWS. */
export { apiFunction } from "./api.ts";
export { doorFunction } from "./door.ts";
export { handlerFunction, relayFunction, tickerFunction } from "./functions.ts";
export { openBoth, openParameters } from "./parameters.ts";
export { openSecrets } from "./secrets.ts";
export type { OpenSecrets, Secrets } from "./secret-source.ts";
