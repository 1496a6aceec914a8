const { app } = require('@azure/functions');
const df = require('durable-functions');

const pricePerKilo = 4;

df.app.activity('weigh', {
  handler: (parcel) => ({ ...parcel, grams: parcel.items.reduce((sum, item) => sum + item.grams, 0) }),
});

df.app.activity('price', {
  handler: (parcel) => {
    if (parcel.grams > 30_000) throw new Error(`${parcel.grams} g is too heavy`);
    return { ...parcel, price: Math.ceil(parcel.grams / 1000) * pricePerKilo };
  },
});

df.app.activity('label', {
  handler: (parcel) => `${parcel.to}: ${parcel.items.length} items, ${parcel.price} EUR`,
});

df.app.orchestration('shipParcel', function* (context) {
  try {
    const weighed = yield context.df.callActivity('weigh', context.df.getInput());
    const priced = yield context.df.callActivity('price', weighed);
    return { label: yield context.df.callActivity('label', priced) };
  } catch (error) {
    return { refused: error.message };
  }
});

app.http('ship', {
  route: 'parcels',
  methods: ['POST'],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const instanceId = await client.startNew('shipParcel', { input: await request.json() });
    context.log(`Shipping as ${instanceId}.`);
    return client.createCheckStatusResponse(request, instanceId);
  },
});
