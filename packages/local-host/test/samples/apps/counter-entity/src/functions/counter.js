const df = require('durable-functions');

df.app.entity('Counter', (context) => {
  const value = context.df.getState(() => 0);
  switch (context.df.operationName) {
    case 'add':
      context.df.setState(value + context.df.getInput());
      break;
    case 'reset':
      context.df.setState(0);
      break;
    case 'get':
      context.df.return(value);
      break;
    case 'delete':
      context.df.destructOnExit();
      break;
  }
});

// Moves what one counter holds to another one.
df.app.orchestration('moveCount', function* (context) {
  const { from, to } = context.df.getInput();
  const [source, target] = [new df.EntityId('Counter', from), new df.EntityId('Counter', to)];
  const count = yield context.df.callEntity(source, 'get');
  yield context.df.callEntity(source, 'reset');
  context.df.signalEntity(target, 'add', count);
  return { moved: count, now: yield context.df.callEntity(target, 'get') };
});
