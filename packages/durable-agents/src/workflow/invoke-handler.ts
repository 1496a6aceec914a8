import { withDeadline } from '../agent/with-deadline.ts';
import { ConfigurationError } from '../errors.ts';
import type { CallOutcome, HandlerCall, HandlerOutcome, SentMessage } from './effects.ts';
import { WorkflowError } from './errors.ts';
import type { AnyExecutor } from './executor.ts';
import { failureOutcome } from './failure.ts';
import type { Graph } from './graph.ts';
import { HandlerRecord, type HandlerServices } from './handler-record.ts';
import { type Picked, pickHandler } from './pick-handler.ts';
import type { AnyRequestPort } from './request-port.ts';
import { requestIdOf } from './run.ts';
import { checkValue, isMessageType } from './schema.ts';

/**
 * Lets an executor handle one message, with its time limit. Whatever the handler throws is an outcome.
 *
 * @throws ConfigurationError `unknownExecutor` if the graph has no such executor
 */
export async function invokeHandler(graph: Graph, call: HandlerCall, services: HandlerServices): Promise<CallOutcome> {
  const node = graph.nodes.get(call.executorId);
  if (node?.kind === 'port') return ask(graph, node.executor, call, services);
  if (node?.kind !== 'executor') {
    const message = `Workflow "${graph.name}" has no executor "${call.executorId}" with handlers.`;
    throw new ConfigurationError('unknownExecutor', message, { fix: 'Deploy the definition that the run began with.' });
  }
  const { executor } = node;
  try {
    const picked = await pickHandler(executor, call.delivery);
    return picked.ok ? await handleInTime(executor, picked, call, services) : notTaken(graph, picked.problem, call);
  } catch (error) {
    return failureOutcome(error, mayRetry(executor, error));
  }
}

async function handleInTime(
  executor: AnyExecutor,
  picked: Picked,
  call: HandlerCall,
  services: HandlerServices,
): Promise<HandlerOutcome> {
  const { timeoutMs } = executor;
  if (timeoutMs === undefined) return handle(executor, picked, call, services);
  const done = await withDeadline(services.signal, timeoutMs, (signal) =>
    handle(executor, picked, call, { ...services, signal }),
  );
  switch (done.kind) {
    case 'done':
      return done.value;
    case 'failed':
      throw done.error;
    case 'aborted':
      throw services.signal.reason;
    case 'timeout':
      throw new WorkflowError('executorTimeout', `"${executor.id}" did not end within ${timeoutMs} ms.`, {
        fix: 'Raise its timeoutMs, or do less in one message.',
      });
  }
}

async function handle(
  executor: AnyExecutor,
  { handle: run, value, request }: Picked,
  call: HandlerCall,
  services: HandlerServices,
): Promise<HandlerOutcome> {
  const record = new HandlerRecord(call, executor, services);
  const result: unknown = await run(value as never, record.context(), request as never);
  const returned = result === undefined ? undefined : record.encode(result, undefined, 'returned value');
  const outcome: HandlerOutcome = { ...record.close(), ...(returned && { returned }) };
  await checkSent(executor, outcome);
  return outcome;
}

/** What an executor declares to send is what it sends. */
async function checkSent(executor: AnyExecutor, { messages = [], returned }: HandlerOutcome): Promise<void> {
  const { output } = executor;
  if (output === undefined) return;
  const sent: SentMessage[] = returned === undefined ? messages : [...messages, returned];
  for (const { value, type } of sent) {
    // A message of another type has its own schema, which its handler checks.
    if (type !== undefined && !(isMessageType(output) && output.name === type)) continue;
    const checked = await checkValue(output, value);
    if (checked.ok) continue;
    throw new WorkflowError(
      'invalidOutput',
      `"${executor.id}" sent what does not fit its output: ${checked.problem}.`,
      {
        fix: 'Change what it sends, or its output schema.',
      },
    );
  }
}

function notTaken(graph: Graph, problem: string, { executorId, delivery }: HandlerCall): CallOutcome {
  const from = delivery.sources.length === 0 ? 'the input of the run' : `a message from "${delivery.sources[0]}"`;
  const message = `No handler of "${executorId}" takes ${from}: ${problem}.`;
  if (graph.unhandled === 'drop') return { status: 'completed', dropped: message };
  const fix = 'Add a handler for it, put a condition on the edge, or build the workflow with unhandled: "drop".';
  return failureOutcome(new WorkflowError('messageNotAccepted', message, { fix }), false);
}

/** A port node checks what it asks, then asks. */
async function ask(
  graph: Graph,
  port: AnyRequestPort,
  call: HandlerCall,
  { runId }: HandlerServices,
): Promise<CallOutcome> {
  const { value } = call.delivery;
  try {
    const checked = await checkValue(port.request, value);
    if (!checked.ok) return notTaken(graph, checked.problem, call);
    return {
      status: 'completed',
      requests: [{ requestId: requestIdOf(runId, call.id, 0), portId: port.id, data: value }],
    };
  } catch (error) {
    return failureOutcome(error, false);
  }
}

/** Mistakes in the program do not pass by themselves. */
function mayRetry({ retry }: AnyExecutor, error: unknown): boolean {
  if (error instanceof WorkflowError && error.code !== 'executorTimeout') return false;
  return retry.retryIf?.(error) ?? true;
}
