/** What every act of an operator takes and answers. */
/** Every operation needs a reason and is recorded with it; `dryRun` changes and records nothing. */
export interface OperationOptions {
  readonly reason: string;
  readonly dryRun?: boolean;
  /** Who does it. @default "local" */
  readonly by?: string;
}

/** What an operation touched, or would touch. */
export interface OperationResult {
  readonly count: number;
  readonly dryRun: boolean;
}
