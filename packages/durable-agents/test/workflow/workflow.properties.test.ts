import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WorkflowRunError } from '../../src/workflow/errors.ts';
import type { WorkflowCheckpoint } from '../../src/workflow/in-process.ts';
import type { RequestView } from '../../src/workflow/pending.ts';
import { graphSpec, sum, workflowOf } from './random-graph.ts';
import { reference } from './reference.ts';

const respond = ({ data }: RequestView) => sum(data) + 1;

async function ended(run: Promise<{ status: string; outputs: unknown[] }>) {
  try {
    const { status, outputs } = await run;
    return { status, outputs };
  } catch (error) {
    if (!(error instanceof WorkflowRunError)) throw error;
    return { status: error.code, outputs: [...error.outputs] };
  }
}

test('random graphs run as the simple interpreter says', async () => {
  const reached: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(graphSpec, fc.integer({ min: 0, max: 5 }), async (spec, input) => {
      const expected = reference(spec, input);
      fc.pre(expected !== undefined);
      const { status, outputs } = expected;
      reached[status] = (reached[status] ?? 0) + 1;
      const run = await ended(workflowOf(spec).run(input, { respond }));
      assert.deepEqual(run, { status, outputs: JSON.parse(JSON.stringify(outputs)) });
    }),
    { numRuns: 400 },
  );
  // All ends are met, or the graphs are too tame to tell anything.
  assert.deepEqual(Object.keys(reached).sort(), ['completed', 'joinNeverFilled', 'superstepLimit']);
});

test('from the checkpoint of every superstep a run comes to the same end', async () => {
  let resumed = 0;
  await fc.assert(
    fc.asyncProperty(graphSpec, fc.integer({ min: 0, max: 5 }), async (spec, input) => {
      fc.pre(reference(spec, input) !== undefined);
      const workflow = workflowOf(spec);
      const texts: string[] = [];
      const onCheckpoint = (checkpoint: WorkflowCheckpoint) => texts.push(JSON.stringify(checkpoint));
      const whole = await ended(workflow.run(input, { respond, onCheckpoint, runId: 'r' }));
      for (const text of texts) {
        resumed++;
        assert.deepEqual(await ended(workflow.resume(JSON.parse(text), { respond })), whole);
      }
    }),
    { numRuns: 120 },
  );
  assert.ok(resumed > 100);
});
