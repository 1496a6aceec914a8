import { dataDirectoryOf } from '../host.ts';
import { describeKey, type Key } from '../keys/key.ts';
import { KeyStore } from '../keys/key-store.ts';
import type { KeysCommand } from './keys-args.ts';
import { printable } from './printable.ts';

interface Output {
  write(text: string): unknown;
}

const DONE = { create: 'Created', roll: 'Rolled' } as const;

/**
 * Lists or changes keys. Values go to `out` alone, so that a script can take them; what is said about them goes to `notes`.
 *
 * @throws KeyError
 */
export function runKeysCommand(command: KeysCommand, out: Output, notes: Output): void {
  const store = new KeyStore(dataDirectoryOf(command));
  switch (command.action) {
    case 'list':
      listKeys(store, command.show, out, notes);
      break;
    case 'delete':
      store.delete(command.key);
      notes.write(`Deleted the ${describeKey(command.key)}.\n`);
      break;
    default: {
      const key = store[command.action](command.key);
      out.write(`${key.value}\n`);
      notes.write(`${DONE[command.action]} the ${describeKey(key)}.\n`);
    }
  }
}

function listKeys(store: KeyStore, show: boolean, out: Output, notes: Output): void {
  const keys = store.list();
  if (keys.length === 0) {
    notes.write(`There is no key in ${store.file} yet. The first ones are made by start --auth, or by keys create.\n`);
    return;
  }
  const rows = [
    ['KIND', 'FUNCTION', 'NAME', 'MADE', ...(show ? ['VALUE'] : [])],
    ...[...keys]
      .sort(byKindAndName)
      .map((key) => [key.kind, key.functionName ?? '-', key.name, key.createdAt, ...(show ? [key.value] : [])]),
  ].map((row) => row.map(printable));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    out.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
  if (!show) {
    notes.write('Add --show to see the values.\n');
  }
}

const KIND_ORDER: readonly Key['kind'][] = ['master', 'host', 'function', 'system'];

function byKindAndName(a: Key, b: Key): number {
  const kind = KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind);
  return kind || compare(a.functionName ?? '', b.functionName ?? '') || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
