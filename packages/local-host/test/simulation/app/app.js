// The programs of the simulation as a Functions app: the real SDK plays them with the same code.
import * as df from 'durable-functions';
import { interpret } from '../interpret.ts';

const tools = {
  entity: (key) => new df.EntityId('counter', key),
  retry: (attempts, timeoutMs) => {
    const options = new df.RetryOptions(10, attempts);
    if (timeoutMs !== undefined) options.retryTimeoutInMilliseconds = timeoutMs;
    return options;
  },
};

df.app.orchestration('program', function* (context) {
  return yield* interpret(context.df, tools, context.df.getInput());
});
