const df = require('durable-functions');

df.app.activity('askManager', { handler: ({ employee, amount }) => `May ${employee} spend ${amount}?` });
df.app.activity('pay', { handler: ({ employee, amount }) => `${employee} gets ${amount}` });
df.app.activity('escalate', { handler: ({ employee }) => `nobody answered ${employee}` });

df.app.orchestration('approveExpense', function* (context) {
  const expense = context.df.getInput();
  context.df.setCustomStatus({ question: yield context.df.callActivity('askManager', expense) });
  const decision = context.df.waitForExternalEvent('Decision');
  const deadline = new Date(context.df.currentUtcDateTime.getTime() + expense.patienceMs);
  const timeout = context.df.createTimer(deadline);
  const winner = yield context.df.Task.any([decision, timeout]);
  if (winner === timeout) return { escalated: yield context.df.callActivity('escalate', expense) };
  timeout.cancel();
  if (!decision.result.approved) return { rejected: decision.result.reason };
  return { paid: yield context.df.callActivity('pay', expense) };
});
