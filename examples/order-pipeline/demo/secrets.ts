/** The simulated provider calls the webhook in this process, where nothing is signed: any secret will do. */
export function demoSecrets(): string {
  return process.env["PULSEQUEUE_SECRET_PAYMENTS_WEBHOOK"] ?? "of the simulated provider";
}
