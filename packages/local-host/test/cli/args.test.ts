import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parseCliArgs } from '../../src/cli/args.ts';
import { HELP, KEYS_HELP } from '../../src/cli/help.ts';
import { CliUsageError } from '../../src/cli/usage-error.ts';

test('start without options leaves the choices to the settings', () => {
  assert.deepEqual(parseCliArgs(['start'], '/srv/app'), {
    kind: 'start',
    appDirectory: resolve('/srv/app'),
    dataDirectory: undefined,
    port: undefined,
    host: undefined,
    allowedHosts: [],
    auth: undefined,
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
    '--auth',
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
    auth: true,
    strict: true,
    verbose: true,
  });
});

test('help wins over everything and names every option', () => {
  for (const args of [['--help'], ['-h'], ['help'], ['start', '--help'], ['nonsense', '--help']]) {
    assert.deepEqual(parseCliArgs(args), { kind: 'help', topic: 'start' });
  }
  for (const args of [
    ['keys', '--help'],
    ['help', 'keys'],
    ['keys', 'roll', '-h'],
  ]) {
    assert.deepEqual(parseCliArgs(args), { kind: 'help', topic: 'keys' });
  }
  for (const option of ['app', 'port', 'data', 'host', 'allow-host', 'auth', 'no-auth', 'strict', 'verbose']) {
    assert.match(HELP, new RegExp(`--${option}\\b`));
  }
  for (const option of ['app', 'data', 'function', 'show']) {
    assert.match(KEYS_HELP, new RegExp(`--${option}\\b`));
  }
});

test('--no-auth is an answer of its own', () => {
  const command = parseCliArgs(['start', '--no-auth']);
  assert.equal(command.kind === 'start' && command.auth, false);
});

const KEYS: [args: string[], command: object][] = [
  [['list'], { action: 'list', show: false }],
  [['list', '--show'], { action: 'list', show: true }],
  [['create', 'host'], { action: 'create', key: { kind: 'host', name: 'default' } }],
  [['create', 'host', 'ci'], { action: 'create', key: { kind: 'host', name: 'ci' } }],
  [
    ['create', 'function', '--function', 'f'],
    { action: 'create', key: { kind: 'function', functionName: 'f', name: 'default' } },
  ],
  [
    ['roll', 'function', 'app', '--function=f'],
    { action: 'roll', key: { kind: 'function', functionName: 'f', name: 'app' } },
  ],
  [['roll', 'master'], { action: 'roll', key: { kind: 'master', name: '_master' } }],
  [['delete', 'system', 'mcp_extension'], { action: 'delete', key: { kind: 'system', name: 'mcp_extension' } }],
];

for (const [args, command] of KEYS) {
  test(`"keys ${args.join(' ')}" is understood`, () => {
    const folders = { appDirectory: resolve('/srv/app'), dataDirectory: resolve('/srv/app/d') };
    assert.deepEqual(parseCliArgs(['keys', ...args, '--data', 'd'], '/srv/app'), {
      kind: 'keys',
      ...folders,
      ...command,
    });
  });
}

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
  [['start', '--auth', '--no-auth'], /exclude each other/],
  [['start', '--show'], /"start" has no option --show/],
  [['keys', 'list', '--port', '1'], /"keys" has no option --port/],
  [['keys'], /No action/],
  [['keys', 'show'], /Unknown action "show"/],
  [['keys', 'list', 'host'], /Unexpected argument "host"/],
  [['keys', 'list', '--function', 'f'], /no option --function/],
  [['keys', 'create'], /Which key/],
  [['keys', 'create', 'user'], /Unknown kind "user"/],
  [['keys', 'create', 'host', 'a', 'b'], /Unexpected argument "b"/],
  [['keys', 'create', 'host', '--show'], /no option --show/],
  [['keys', 'create', 'host', '--function', 'f'], /"function" keys only/],
  [['keys', 'create', 'function'], /--function NAME/],
  [['keys', 'create', 'system'], /Which system key/],
  [['keys', 'create', 'master'], /can be rolled only/],
  [['keys', 'delete', 'master'], /can be rolled only/],
  [['keys', 'roll', 'master', 'x'], /Unexpected argument "x"/],
];

for (const [args, says] of REFUSED) {
  test(`"${args.join(' ')}" is refused with the reason and where to look`, () => {
    assert.throws(
      () => parseCliArgs(args),
      (error) => error instanceof CliUsageError && says.test(error.message) && error.message.endsWith('--help.'),
    );
  });
}
