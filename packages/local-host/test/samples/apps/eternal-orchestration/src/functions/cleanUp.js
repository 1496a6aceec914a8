import { app } from '@azure/functions';
import * as df from 'durable-functions';

const theOne = 'clean-up';

df.app.activity('removeOld', { handler: (round) => `removed what was old in round ${round}` });

df.app.orchestration('cleanUpForever', function* (context) {
  const { round } = context.df.getInput();
  const last = yield context.df.callActivity('removeOld', round);
  context.df.setCustomStatus({ round, last });
  const pauseMs = Number(process.env.CLEAN_UP_PAUSE_MS);
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + pauseMs));
  context.df.continueAsNew({ round: round + 1 });
});

// One of it at most: a start while it runs is refused.
app.http('startCleanUp', {
  route: 'clean-up',
  methods: ['POST'],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const running = await client.getStatus(theOne).catch(() => undefined);
    if (running && ['Pending', 'Running', 'Suspended'].includes(running.runtimeStatus)) {
      return { status: 409, body: 'The clean-up runs already.' };
    }
    await client.startNew('cleanUpForever', { instanceId: theOne, input: { round: 1 } });
    return client.createCheckStatusResponse(request, theOne);
  },
});
