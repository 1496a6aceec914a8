import { type KeyId, MASTER_ID } from '../keys/key.ts';
import { CliUsageError } from './usage-error.ts';

interface KeyFolders {
  /** Absolute path. */
  readonly appDirectory: string;
  /** Absolute path; undefined: where the host of that app has it. */
  readonly dataDirectory: string | undefined;
}

export type KeysCommand = KeyFolders & { readonly kind: 'keys' } & (
    | { readonly action: 'list'; readonly show: boolean }
    | { readonly action: 'create' | 'roll' | 'delete'; readonly key: KeyId }
  );

interface KeysOptions {
  readonly function?: string | undefined;
  readonly show?: boolean | undefined;
}

/**
 * @param args what follows `keys`, without options
 * @throws CliUsageError
 */
export function parseKeysCommand(folders: KeyFolders, args: readonly string[], options: KeysOptions): KeysCommand {
  const [action, ...rest] = args;
  switch (action) {
    case 'list':
      refuseRest(rest);
      if (options.function !== undefined) {
        throw new CliUsageError('"keys list" lists all keys and has no option --function.');
      }
      return { kind: 'keys', ...folders, action, show: options.show ?? false };
    case 'create':
    case 'roll':
    case 'delete':
      if (options.show) {
        throw new CliUsageError(`"keys ${action}" has no option --show.`);
      }
      return { kind: 'keys', ...folders, action, key: parseKey(action, rest, options.function) };
    default:
      throw new CliUsageError(
        `${action === undefined ? 'No action is given' : `Unknown action "${action}"`}: keys list, create, roll or delete.`,
      );
  }
}

function parseKey(action: string, args: readonly string[], functionName: string | undefined): KeyId {
  const [kind, ...names] = args;
  if (functionName !== undefined && kind !== 'function') {
    throw new CliUsageError('--function belongs to "function" keys only.');
  }
  switch (kind) {
    case 'master':
      refuseRest(names);
      if (action !== 'roll') {
        throw new CliUsageError(`The master key can be rolled only, not ${action}d.`);
      }
      return MASTER_ID;
    case 'host':
      return { kind, name: onlyName(names) ?? 'default' };
    case 'function':
      if (functionName === undefined) {
        throw new CliUsageError('Which function? Give --function NAME.');
      }
      return { kind, functionName, name: onlyName(names) ?? 'default' };
    case 'system': {
      const name = onlyName(names);
      if (name === undefined) {
        throw new CliUsageError('Which system key? Give its name, such as durabletask_extension.');
      }
      return { kind, name };
    }
    default:
      throw new CliUsageError(
        `${kind === undefined ? 'Which key' : `Unknown kind "${kind}"`}: host, function, system or master.`,
      );
  }
}

function onlyName([name, ...rest]: readonly string[]): string | undefined {
  refuseRest(rest);
  return name;
}

function refuseRest([extra]: readonly string[]): void {
  if (extra !== undefined) {
    throw new CliUsageError(`Unexpected argument "${extra}".`);
  }
}
