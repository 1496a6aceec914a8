import * as df from 'durable-functions';

const shelf = {
  poems: ['the rain falls', 'a cat sleeps in the sun', 'stop'],
  empty: [],
};

df.app.activity('listTexts', { handler: (name) => shelf[name] ?? [] });

df.app.activity('countWords', {
  handler: async (text) => {
    // The later ones take less time, so that the ends come in another order than the starts.
    await new Promise((resolve) => setTimeout(resolve, 60 / text.length));
    return text.split(' ').length;
  },
});
