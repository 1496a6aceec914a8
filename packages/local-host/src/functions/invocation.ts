import { randomUUID } from 'node:crypto';
import type { AppRegistry, LogScope } from './app-registry.ts';
import type { InvokeRequest, InvokeResult, ResolveInput } from './binding-input.ts';
import type { BindingNotices } from './binding-support.ts';
import type { AppInvocationContext, CoreInvocationContext, ProgrammingModel } from './core-types.ts';
import { PostInvocationContext, PreInvocationContext } from './hook-contexts.ts';
import { hasTrigger, type RegisteredFunction } from './registered-function.ts';
import type { TypedData } from './typed-data.ts';

/** What the programming model is told in place of a live object; the object is put in afterwards. */
const PLACEHOLDER: TypedData = { string: '{}' };

export interface InvocationHost {
  readonly registry: AppRegistry;
  readonly model: ProgrammingModel;
  readonly resolveInput: ResolveInput;
  readonly notices: BindingNotices;
}

/**
 * Runs one function once: arguments, `preInvocation` hooks, handler, `postInvocation` hooks, response. What the handler
 * or a hook throws is thrown on, unchanged.
 */
export async function invokeFunction(
  host: InvocationHost,
  fn: RegisteredFunction,
  request: InvokeRequest,
): Promise<InvokeResult> {
  const invocationId = request.invocationId ?? randomUUID();
  const hookData: Record<string, unknown> = {};
  let context: AppInvocationContext | undefined;
  const replays = hasTrigger(fn, 'orchestrationTrigger');
  const scope: LogScope = { functionName: fn.name, replays, hookData, context: () => context };

  const core: CoreInvocationContext = {
    invocationId,
    request: {
      invocationId,
      functionId: fn.id,
      inputData: inputData(host, fn, request, invocationId),
      triggerMetadata: request.triggerMetadata ?? {},
      ...(request.traceContext && { traceContext: request.traceContext }),
      ...(request.retryContext && { retryContext: request.retryContext }),
    },
    metadata: { name: fn.name, bindings: fn.bindings },
    state: undefined,
    log: (level, category, message) => host.registry.log(level, category, message, scope),
  };
  const model = await host.model.getInvocationModel(core);
  const args = await model.getArguments();
  context = args.context;
  putLiveInputs(args, request);

  const { registry } = host;
  const handler = { inputs: args.inputs, functionCallback: fn.callback };
  const before = new PreInvocationContext(registry, hookData, args.context, handler);
  await runHooks(host, core, 'preInvocation', before);

  const after = new PostInvocationContext(registry, hookData, args.context, before.inputs);
  core.state = 'invocation';
  try {
    after.result = await model.invokeFunction(args.context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error;
  } finally {
    core.state = undefined;
  }
  await runHooks(host, core, 'postInvocation', after);

  if (after.error !== null && after.error !== undefined) {
    throw after.error;
  }
  host.notices.afterRun(fn, args.context, after.result);
  const outcome = { invocationId, context: args.context, result: after.result };
  if (request.raw) {
    return { ...outcome, returnValue: after.result, outputData: [] };
  }
  const response = await model.getResponse(args.context, after.result);
  return { ...outcome, returnValue: response.returnValue, outputData: response.outputData ?? [] };
}

function inputData(
  host: InvocationHost,
  fn: RegisteredFunction,
  request: InvokeRequest,
  invocationId: string,
): { name: string; data: TypedData }[] {
  const { trigger } = request;
  const inputs = [{ name: fn.trigger.name, data: trigger.kind === 'data' ? trigger.data : PLACEHOLDER }];
  for (const [name, binding] of Object.entries(fn.bindings)) {
    if (binding.direction !== 'in' || name === fn.trigger.name) {
      continue;
    }
    const given = request.extraInputs?.[name];
    if (given?.kind === 'live') {
      continue;
    }
    const data = given?.data ?? host.resolveInput({ ...binding, name }, { invocationId, fn });
    if (data) {
      inputs.push({ name, data });
    }
  }
  return inputs;
}

function putLiveInputs(args: { context: AppInvocationContext; inputs: unknown[] }, request: InvokeRequest): void {
  if (request.trigger.kind === 'live') {
    args.inputs[0] = request.trigger.value;
  }
  for (const [name, input] of Object.entries(request.extraInputs ?? {})) {
    if (input.kind === 'live') {
      args.context.extraInputs.set(name, input.value);
    }
  }
}

async function runHooks(
  host: InvocationHost,
  core: CoreInvocationContext,
  name: 'preInvocation' | 'postInvocation',
  context: PreInvocationContext | PostInvocationContext,
): Promise<void> {
  core.state = `${name}Hooks`;
  try {
    await host.registry.hooks.run(name, context);
  } finally {
    core.state = undefined;
  }
}
