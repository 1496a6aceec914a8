import { app } from '@azure/functions';
import * as df from 'durable-functions';

const pauseMs = Number(process.env.MONITOR_PAUSE_MS);
const patienceMs = Number(process.env.MONITOR_PATIENCE_MS);

df.app.orchestration('watchJob', function* (context) {
  const job = context.df.getInput();
  const now = () => context.df.currentUtcDateTime.getTime();
  const end = now() + patienceMs;
  let checks = 0;
  while (now() < end) {
    const state = yield context.df.callActivity('readJob', job);
    checks++;
    context.df.setCustomStatus({ checks, state });
    if (state === 'done') {
      yield context.df.callActivity('notify', `${job} is done`);
      return { job, state, checks };
    }
    yield context.df.createTimer(new Date(now() + pauseMs));
  }
  yield context.df.callActivity('notify', `${job} took too long`);
  return { job, state: 'given up', checks };
});

app.http('watch', {
  route: 'jobs/{job}/watch',
  methods: ['POST'],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const instanceId = await client.startNew('watchJob', { input: request.params.job });
    return client.createCheckStatusResponse(request, instanceId);
  },
});
