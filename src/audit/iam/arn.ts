/** The six parts of an ARN: `arn:partition:service:region:account:resource`. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

const shape = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):(.+)$/s;

/** `undefined` for text that has no six parts. */
export function splitArn(text: string): Arn | undefined {
  const [, partition, service, region, account, resource] = shape.exec(text) ?? [];
  if (partition === undefined || service === undefined || region === undefined || account === undefined || resource === undefined) return undefined;
  return { partition, service, region, account, resource };
}

/** The ARN of one thing: no wildcard in it, an account of 12 digits or none. */
export function parseArn(text: string): Arn | undefined {
  const arn = splitArn(text);
  if (arn === undefined || /[*?\s]|\$\{/.test(text) || !/^aws(?:-[a-z-]+)?$/.test(arn.partition)) return undefined;
  return /^[a-z0-9-]+$/.test(arn.service) && /^(?:\d{12}|aws)?$/.test(arn.account) && /^[a-z0-9-]*$/.test(arn.region) ? arn : undefined;
}

const variable = String.raw`\$\{[^{}:]*(?::[^{}]*)?\}`;
// eslint-disable-next-line security/detect-non-literal-regexp -- made of the constant above
const anyVariable = new RegExp(variable, "g");

/** Whether text is a pattern of ARNs: six parts, the service without wildcard. Variables may stand anywhere after the service. */
export function isArnPattern(text: string): boolean {
  const arn = splitArn(text.replaceAll(anyVariable, "*"));
  if (arn === undefined || /\s/.test(arn.partition + arn.region + arn.account)) return false;
  return /^(?:aws(?:-[a-z-]+)?|\*)$/.test(arn.partition) && /^[a-z0-9-]+$/.test(arn.service) && /^[\d*?]{0,12}$|^aws$/.test(arn.account);
}

/** The account of an ARN of an account's root. */
export function rootAccount(arn: string): string | undefined {
  return /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(arn)?.[1];
}
