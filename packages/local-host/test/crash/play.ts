import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommitKind } from '../../src/store/commit-kind.ts';
import { Client } from './client.ts';
import { type Crash, checkEffects, countByKey, readEffects } from './effects.ts';
import { caseFolder } from './host-process.ts';
import type { Scenario } from './scenario.ts';
import { storedWork } from './stored-work.ts';
import { SupervisedHost } from './supervised-host.ts';

export interface Outcome {
  result: unknown;
  crashes: Crash[];
  /** Commits of the last process by kind, if they were to be counted. */
  commits: ReadonlyMap<CommitKind, number>;
}

/**
 * Plays a scenario to its end on a fresh data folder and checks what must hold however often the host dies.
 *
 * @param failPoints where the first processes die, one each
 */
export async function play(
  scenario: Scenario,
  failPoints: readonly string[],
  options: { count?: boolean } = {},
): Promise<Outcome> {
  const root = mkdtempSync(join(tmpdir(), 'crash-'));
  const host = new SupervisedHost(caseFolder(root), failPoints, options);
  try {
    const client = new Client(host);
    const played = await scenario.run(client);
    await client.eventually('the store to be empty of messages', async () =>
      storedWork(host.folder.data).messages.length === 0 ? true : undefined,
    );
    await host.stop();
    const effects = readEffects(host.folder.effects);
    checkEffects(countByKey(effects), played.effects, host.crashes);
    played.check?.(effects);
    return { result: played.result, crashes: host.crashes, commits: host.commits };
  } finally {
    try {
      await host.stop();
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
}
