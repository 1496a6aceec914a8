const df = require('durable-functions');
const { leaveMark, marksOf } = require('../effects.cjs');

df.app.activity('work', {
  handler: async ({ key, value, pauseMs }, context) => {
    if (pauseMs) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    leaveMark(key, context.triggerMetadata.instanceId);
    return value;
  },
});

df.app.activity('failsFirst', {
  handler: ({ key }, context) => {
    leaveMark(key, context.triggerMetadata.instanceId);
    if (marksOf(key) < 2) throw new Error('the first attempt fails');
    return `${key} in the end`;
  },
});
