import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseFolder, HostProcess } from './host-process.ts';

/**
 * Lets all hosts of this test process share their compiled code, which halves what a start costs. A process that is
 * killed does not write it, so one host is started and stopped in peace first.
 *
 * @returns removes the cache
 */
export async function shareCompiledCode(): Promise<() => void> {
  const root = mkdtempSync(join(tmpdir(), 'crash-cache-'));
  const clear = () => rmSync(root, { recursive: true, force: true });
  process.env.NODE_COMPILE_CACHE = join(root, 'compiled');
  const host = new HostProcess(caseFolder(root));
  if ((await host.url) === undefined) {
    clear();
    assert.fail(`the host does not start: ${host.errors}`);
  }
  await host.stop();
  return clear;
}
