const df = require('durable-functions');

const anHourMs = 3_600_000;

df.app.orchestration('timers', function* (context) {
  const { key, pauseMs, longMs } = context.df.getInput();
  const now = () => context.df.currentUtcDateTime.getTime();
  const due = {};
  const pause = (name, ms) => {
    due[name] = now() + ms;
    return context.df.createTimer(new Date(due[name]));
  };
  yield pause('one', pauseMs);
  yield context.df.callActivity('work', { key: `${key}/one`, value: 1 });

  const guard = context.df.createTimer(new Date(now() + anHourMs));
  const quick = context.df.callActivity('work', { key: `${key}/quick`, value: 'quick' });
  const winner = yield context.df.Task.any([quick, guard]);
  guard.cancel();

  yield context.df.Task.all([pause('left', pauseMs), pause('right', pauseMs), pause('long', longMs)]);
  yield context.df.callActivity('work', { key: `${key}/all`, value: 2 });
  return { won: winner === quick, due };
});

df.app.orchestration('collects', function* (context) {
  const { key } = context.df.getInput();
  const items = [];
  for (;;) {
    const { id, last } = yield context.df.waitForExternalEvent('Item');
    if (last) return items;
    items.push(yield context.df.callActivity('work', { key: `${key}/${id}`, value: id }));
  }
});
