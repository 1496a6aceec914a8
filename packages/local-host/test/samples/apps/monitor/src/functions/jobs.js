import { app } from '@azure/functions';
import * as df from 'durable-functions';

const jobs = new Map();
const messages = [];

df.app.activity('readJob', { handler: (job) => jobs.get(job) ?? 'unknown' });
df.app.activity('notify', { handler: (text) => messages.push(text) });

app.http('setJob', {
  route: 'jobs/{job}',
  methods: ['PUT'],
  handler: async (request) => {
    jobs.set(request.params.job, await request.text());
    return { status: 204 };
  },
});

app.http('messages', { methods: ['GET'], handler: () => ({ jsonBody: messages }) });
