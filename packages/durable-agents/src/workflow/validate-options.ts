import type { WorkflowOptions } from './builder.ts';
import type { Graph } from './graph.ts';
import type { WorkflowNode } from './node-types.ts';
import { type Problem, problem } from './problem.ts';

/** What is wrong with the options of a workflow. */
export function* optionProblems(options: WorkflowOptions<WorkflowNode>, graph: Graph): Generator<Problem> {
  const { name, version, maxSupersteps } = options;
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(name)) {
    const shown = JSON.stringify(name);
    yield problem(
      'invalidWorkflowName',
      `The name ${shown} is not valid.`,
      'Start with a letter, then up to 62 letters, digits, "_" or "-".',
    );
  }
  if (version !== undefined && (typeof version !== 'string' || !/^[\w.+-]{1,64}$/.test(version))) {
    yield problem('invalidOption', 'version is not valid.', 'Use 1 to 64 letters, digits, "_", ".", "+" or "-".');
  }
  const limitIsValid = Number.isInteger(graph.maxSupersteps) && graph.maxSupersteps >= 1;
  if (!limitIsValid || graph.maxSupersteps > 100_000) {
    yield problem('invalidOption', `maxSupersteps is ${maxSupersteps}.`, 'Use a whole number from 1 to 100,000.');
  }
  const choices = { unhandled: ['fail', 'drop'], onFailure: ['fail', 'continue'], unfilledJoin: ['fail', 'complete'] };
  for (const [key, allowed] of Object.entries(choices)) {
    const value = options[key as keyof typeof choices];
    if (value !== undefined && !allowed.includes(value)) {
      yield problem('invalidOption', `${key} is ${JSON.stringify(value)}.`, `Use "${allowed.join('" or "')}".`);
    }
  }
  yield* designationProblems(graph);
}

function* designationProblems({ nodes, outputFrom, intermediateOutputFrom }: Graph): Generator<Problem> {
  for (const [option, ids] of Object.entries({ outputFrom, intermediateOutputFrom })) {
    for (const id of ids ?? []) {
      const node = nodes.get(id);
      if (node === undefined) {
        yield problem('unknownExecutor', `${option} names "${id}", which is not in the graph.`, 'Name one that is.');
      } else if (node.kind === 'port') {
        yield problem(
          'noOutput',
          `${option} names "${id}", a request port, which yields nothing.`,
          'Name the executor behind it.',
        );
      }
    }
  }
  for (const id of outputFrom ?? []) {
    if (intermediateOutputFrom?.has(id)) {
      yield problem('invalidOption', `"${id}" is in outputFrom and intermediateOutputFrom.`, 'Keep one of the two.');
    }
  }
}
