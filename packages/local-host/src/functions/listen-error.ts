import { HostError } from './host-error.ts';

/** The server could not listen. */
export class ListenError extends HostError {
  override readonly name: string = 'ListenError';
  declare readonly code: 'portInUse' | 'portDenied' | 'cannotListen';
  readonly port: number;

  constructor(code: ListenError['code'], port: number, problem: string, fix: string, options?: ErrorOptions) {
    super(code, problem, fix, options);
    this.port = port;
  }
}

export function toListenError(error: NodeJS.ErrnoException, host: string, port: number, free?: number): ListenError {
  const cause = { cause: error };
  if (error.code === 'EADDRINUSE') {
    const other = free === undefined ? 'choose another with --port' : `use --port ${free}, which is free`;
    const fix = `Stop the process that uses it, or ${other}.`;
    return new ListenError('portInUse', port, `Port ${port} is in use on ${host}.`, fix, cause);
  }
  if (error.code === 'EACCES') {
    const problem = `This user may not listen on port ${port} of ${host}.`;
    return new ListenError('portDenied', port, problem, 'Choose a port above 1023 with --port.', cause);
  }
  const problem = `Cannot listen on ${host} port ${port} (${error.code ?? error.message}).`;
  return new ListenError('cannotListen', port, problem, 'Check the address given with --host.', cause);
}
