import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConsoleLoggerOptions, createConsoleLogger } from '../../src/cli/console-logger.ts';

const now = () => new Date('2030-01-02T03:04:05.678Z');
const STAMP = '[2030-01-02T03:04:05.678Z] ';

function recorder(options: ConsoleLoggerOptions = {}) {
  const lines: string[] = [];
  const stream = { isTTY: false, write: (text: string) => lines.push(text) };
  return { lines, logger: createConsoleLogger({ now, stream, ...options }) };
}

test('an entry is one line with its time', () => {
  const { lines, logger } = recorder();
  logger.info('hello');
  assert.deepEqual(lines, [`${STAMP}hello\n`]);
});

test('nothing that is logged can forge a line or reach the terminal', () => {
  const { lines, logger } = recorder();
  logger.info('a\r\n[2030-01-02T03:04:05.678Z] forged\rb\u001b[2J\u0085\u2028\u202e');
  assert.deepEqual(lines, [`${STAMP}a\n  | [2030-01-02T03:04:05.678Z] forged\\rb\\x1b[2J\\x85\\u2028\\u202e\n`]);
});

test('an error is shown with its stack and its cause', () => {
  const { lines, logger } = recorder();
  logger.error('it broke', new Error('outer', { cause: new TypeError('inner') }));
  const [text = ''] = lines;
  assert.ok(text.startsWith(`${STAMP}it broke\n  | Error: outer\n  |     at `), text);
  assert.match(text, /\n {2}\| caused by TypeError: inner\n/);
});

test('errors without a stack, and things that are no error, are shown too', () => {
  const { lines, logger } = recorder();
  const bare = new Error('only this');
  Object.assign(bare, { stack: undefined });
  logger.error('one', bare);
  logger.error('two', 'words');
  assert.deepEqual(lines, [`${STAMP}one\n  | Error: only this\n`, `${STAMP}two\n  | words\n`]);
});

test('colours are used on a terminal only', () => {
  const { lines, logger } = recorder({ colors: true });
  logger.warn('careful');
  logger.info('plain');
  assert.deepEqual(lines, [`\u001b[33m${STAMP}careful\u001b[39m\n`, `${STAMP}plain\n`]);
  const piped = recorder();
  piped.logger.warn('careful');
  assert.deepEqual(piped.lines, [`${STAMP}careful\n`]);
});

test('by default information and above is shown; verbose shows debug', () => {
  const { lines, logger } = recorder();
  logger.debug('hidden');
  assert.deepEqual(lines, []);
  const verbose = recorder({ verbose: true, logLevels: { default: 'warning' } });
  verbose.logger.debug('shown');
  verbose.logger.write('trace', 'hidden');
  assert.deepEqual(verbose.lines, [`${STAMP}shown\n`]);
});

test('the longest matching category of host.json decides, by whole names', () => {
  const logLevels = {
    default: 'error',
    Function: 'warning',
    'Function.chatty': 'none',
    'Function.a': 'debug',
  } as const;
  const { lines, logger } = recorder({ logLevels });
  const say = (category: string) => logger.withCategory(category);
  say('Host.x').warn('host warning');
  say('Host.x').error('host error');
  say('Function.b.User').info('b info');
  say('Function.b.User').warn('b warning');
  say('Function.chatty').error('chatty');
  say('function.A.user').debug('a debug');
  say('Function.abc').debug('abc debug');
  assert.deepEqual(
    lines.map((line) => line.slice(STAMP.length).trim()),
    ['host error', 'b warning', 'a debug'],
  );
});
