import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = (file: string) => fileURLToPath(new URL(`../../src/${file}`, import.meta.url));

/** Whether a process of its own has the protobuf library in memory after it imported a file. */
function loadsProtobuf(file: string): boolean {
  const program = `
    import { createRequire } from 'node:module';
    await import(${JSON.stringify(source(file))});
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    process.stdout.write(String(loaded.some((path) => path.includes('protobufjs'))));
  `;
  const flags = ['--conditions=durable-source', '--disable-warning=ExperimentalWarning', '--input-type=module'];
  return execFileSync(process.execPath, [...flags, '--eval', program], { encoding: 'utf8' }) === 'true';
}

test('the host loads the protobuf library only once a function asks for messages', () => {
  assert.equal(loadsProtobuf('host.ts'), false);
  assert.equal(loadsProtobuf('scheduler/proto/orchestrator-work.ts'), true);
});
