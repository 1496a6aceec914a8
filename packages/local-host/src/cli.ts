#!/usr/bin/env node
import { parseCliArgs, type StartCommand } from './cli/args.ts';
import { renderBanner } from './cli/banner.ts';
import { createConsoleLogger } from './cli/console-logger.ts';
import { HELP, KEYS_HELP } from './cli/help.ts';
import { giveBackWhenQuiet } from './cli/idle-memory.ts';
import { runKeysCommand } from './cli/keys-command.ts';
import { CliUsageError } from './cli/usage-error.ts';
import { HostError } from './functions/host-error.ts';
import { readSettings } from './functions/settings.ts';
import { LocalHost } from './host.ts';
import { isLoopbackBind } from './keys/loopback-bind.ts';
import type { Logger } from './log.ts';
import { StoreError } from './store/store-error.ts';

/** Time for running work when the host is told to stop, in milliseconds. */
const graceMs = 10_000;

async function start(command: StartCommand): Promise<void> {
  const settings = readSettings(command.appDirectory);
  const logger = createConsoleLogger({ logLevels: settings.logLevels, verbose: command.verbose });
  const onRequest = giveBackWhenQuiet();
  const host = await LocalHost.start({ ...command, settings, logger, onRequest });
  // The start itself leaves much behind.
  onRequest();
  process.stdout.write(renderBanner(host.app.functions, host.router, host.url));
  process.stdout.write(`\nListening on ${host.url} (state in ${host.dataDirectory}). Press Ctrl-C to stop.\n\n`);
  introduceKeys(command, host, logger);
  process.send?.({ type: 'ready', url: host.url, dataFolder: host.dataDirectory, auth: host.auth });

  let signals = 0;
  const stop = () => {
    signals++;
    if (signals > 1) process.exit(130);
    logger.info('Stopping. Press Ctrl-C again to stop at once; what is cut off goes on after the next start.');
    host.stop(graceMs).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('The stop was not clean; what was not finished goes on after the next start.', error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  // Whoever started the host is gone.
  process.once('disconnect', stop);
  process.on('unhandledRejection', (reason) => {
    logger.error('A promise in the app was rejected and nobody handled it.', reason);
  });
}

/** Says whether keys are asked for, where that is not a matter of course. Never the keys: output is kept and passed on. */
function introduceKeys(command: StartCommand, host: LocalHost, logger: Logger): void {
  if (host.auth) {
    logger.info('Requests have to show keys.');
    // Whoever started the host knows how the user calls this command.
    if (!process.send) {
      process.stdout.write(`See the keys: durable-local keys list --show --data "${host.dataDirectory}"\n\n`);
    }
  } else if (!isLoopbackBind(command.host)) {
    logger.warn('Requests of other machines are answered too, and no keys are asked for.');
  } else if (command.allowedHosts.length > 0) {
    const names = command.allowedHosts.join(', ');
    logger.warn(`No keys are asked for. If others can send requests to ${names}, start with --auth.`);
  }
}

try {
  const command = parseCliArgs(process.argv.slice(2));
  if (command.kind === 'help') process.stdout.write(command.topic === 'keys' ? KEYS_HELP : HELP);
  else if (command.kind === 'keys') runKeysCommand(command, process.stdout, process.stderr);
  else await start(command);
} catch (error) {
  if (!(error instanceof HostError || error instanceof StoreError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof CliUsageError ? 2 : 1);
}
