import { HostError } from '../functions/host-error.ts';

/** The command line is not understood; the message says which part and what is. */
export class CliUsageError extends HostError {
  override readonly name: string = 'CliUsageError';
  declare readonly code: 'usage';

  constructor(problem: string, options?: ErrorOptions) {
    super('usage', problem, 'See durable-local --help.', options);
  }
}
