import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { CliUsageError, HELP, parseCliArgs } from '../../src/cli/args.ts';

test('start without options leaves the choices to the settings', () => {
  assert.deepEqual(parseCliArgs(['start'], '/srv/app'), {
    kind: 'start',
    appDirectory: resolve('/srv/app'),
    dataDirectory: undefined,
    port: undefined,
    host: undefined,
    allowedHosts: [],
    strict: false,
    verbose: false,
  });
});

test('options are read, and folders are resolved', () => {
  const args = [
    'start',
    '--app',
    '../x',
    '--port=0',
    '--data',
    'd',
    '--host',
    '0.0.0.0',
    '--strict',
    '--verbose',
  ].concat(['--allow-host', 'box.test', '--allow-host=other.test']);
  assert.deepEqual(parseCliArgs(args, '/srv/app'), {
    kind: 'start',
    appDirectory: resolve('/srv/x'),
    dataDirectory: resolve('/srv/app/d'),
    port: 0,
    host: '0.0.0.0',
    allowedHosts: ['box.test', 'other.test'],
    strict: true,
    verbose: true,
  });
});

test('help wins over everything and names every option', () => {
  for (const args of [['--help'], ['-h'], ['help'], ['start', '--help'], ['nonsense', '--help']]) {
    assert.deepEqual(parseCliArgs(args), { kind: 'help' });
  }
  for (const option of ['app', 'port', 'data', 'host', 'strict', 'verbose']) {
    assert.match(HELP, new RegExp(`--${option}\\b`));
  }
});

const REFUSED: [args: string[], says: RegExp][] = [
  [[], /No command/],
  [['stop'], /Unknown command "stop"/],
  [['start', 'here'], /Unexpected argument "here"/],
  [['start', '--prot', '1'], /--prot/],
  [['start', '--port'], /--port/],
  [['start', '--port', 'x'], /0 to 65535, not "x"/],
  [['start', '--port', '65536'], /65536/],
  [['start', '--port', '1.5'], /1\.5/],
  [['start', '--strict=yes'], /--strict/],
];

for (const [args, says] of REFUSED) {
  test(`"${args.join(' ')}" is refused with the reason and where to look`, () => {
    assert.throws(
      () => parseCliArgs(args),
      (error) => error instanceof CliUsageError && says.test(error.message) && error.message.endsWith('--help.'),
    );
  });
}
