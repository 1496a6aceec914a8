import * as df from 'durable-functions';

df.app.orchestration('countShelf', function* (context) {
  const texts = yield context.df.callActivity('listTexts', context.df.getInput());
  const counts = texts.map((text) => context.df.callActivity('countWords', text));
  // The library takes no fan-out over nothing.
  const words = counts.length > 0 ? yield context.df.Task.all(counts) : [];
  return { words, total: words.reduce((sum, count) => sum + count, 0) };
});
