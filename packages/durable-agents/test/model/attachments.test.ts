import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from '../../src/agent/content.ts';
import { type ChatMessage, textMessage } from '../../src/agent/message.ts';
import { toOpenAIMessages } from '../../src/model/openai-messages.ts';
import { toResponsesInput } from '../../src/model/openai-responses-input.ts';
import { readContent, storeContent } from '../../src/state/content-codec.ts';

const image = 'data:image/png;base64,AAAA';
const pdf = 'data:application/pdf;base64,JVBE';
const source = { provider: 'openai', model: 'm' };

const user = (...contents: Content[]): ChatMessage => ({ role: 'user', contents });
const chatParts = (content: Content) => {
  const [message] = toOpenAIMessages([user(content)]);
  return message?.content;
};
const responsesParts = (content: Content) => {
  const [item] = toResponsesInput([user(content)], source);
  return item && 'content' in item ? item.content : undefined;
};

const accepted: [string, Content, unknown, unknown][] = [
  [
    'an inline image',
    { type: 'data', uri: image },
    { type: 'image_url', image_url: { url: image } },
    { type: 'input_image', detail: 'auto', image_url: image },
  ],
  [
    'a link to an image',
    { type: 'uri', uri: 'https://example.com/a.jpg', mediaType: 'IMAGE/JPEG' },
    { type: 'image_url', image_url: { url: 'https://example.com/a.jpg' } },
    { type: 'input_image', detail: 'auto', image_url: 'https://example.com/a.jpg' },
  ],
  [
    'a link of unknown type, taken for an image',
    { type: 'uri', uri: 'https://example.com/a' },
    { type: 'image_url', image_url: { url: 'https://example.com/a' } },
    { type: 'input_image', detail: 'auto', image_url: 'https://example.com/a' },
  ],
  [
    'an inline PDF',
    { type: 'data', uri: pdf },
    { type: 'file', file: { filename: 'attachment.pdf', file_data: pdf } },
    { type: 'input_file', filename: 'attachment.pdf', file_data: pdf },
  ],
  [
    'an inline PDF with a name',
    { type: 'data', uri: pdf, extensionData: { filename: 'bill.pdf' } },
    { type: 'file', file: { filename: 'bill.pdf', file_data: pdf } },
    { type: 'input_file', filename: 'bill.pdf', file_data: pdf },
  ],
  [
    'a hosted file',
    { type: 'hostedFile', fileId: 'file-1' },
    { type: 'file', file: { file_id: 'file-1' } },
    { type: 'input_file', file_id: 'file-1' },
  ],
];
for (const [name, content, chat, responses] of accepted) {
  test(`${name} is a part of its own in both APIs, also after a round trip through the state`, () => {
    const stored = readContent(JSON.parse(JSON.stringify(storeContent(content))));
    for (const given of [content, stored]) {
      assert.deepEqual(chatParts(given), [chat]);
      assert.deepEqual(responsesParts(given), [responses]);
    }
  });
}

test('inline audio goes to Chat Completions as its bare data', () => {
  assert.deepEqual(chatParts({ type: 'data', uri: 'data:audio/mpeg;base64,SUQz' }), [
    { type: 'input_audio', input_audio: { data: 'SUQz', format: 'mp3' } },
  ]);
  assert.deepEqual(chatParts({ type: 'data', uri: 'data:audio/x-wav;base64,UklG' }), [
    { type: 'input_audio', input_audio: { data: 'UklG', format: 'wav' } },
  ]);
});

test('documents of any type, inline or linked, go to the Responses API', () => {
  const csv = 'data:text/csv;charset=utf-8;base64,YQ==';
  assert.deepEqual(responsesParts({ type: 'data', uri: csv }), [
    { type: 'input_file', filename: 'attachment.csv', file_data: csv },
  ]);
  assert.deepEqual(responsesParts({ type: 'uri', uri: 'https://example.com/a.pdf', mediaType: 'application/pdf' }), [
    { type: 'input_file', file_url: 'https://example.com/a.pdf' },
  ]);
});

const refused: [string, Content, RegExp, ('chat' | 'responses')[]][] = [
  [
    'a linked PDF',
    { type: 'uri', uri: 'https://x.example/a', mediaType: 'application/pdf' },
    /link to a file of type application\/pdf/,
    ['chat'],
  ],
  ['an inline CSV', { type: 'data', uri: 'data:text/csv;base64,YQ==' }, /text\/csv/, ['chat']],
  ['audio of another format', { type: 'data', uri: 'data:audio/ogg;base64,T2dn' }, /audio\/ogg/, ['chat', 'responses']],
  ['audio that is not base64', { type: 'data', uri: 'data:audio/mpeg,ID3' }, /audio\/mpeg/, ['chat', 'responses']],
  ['a video', { type: 'uri', uri: 'https://x.example/v', mediaType: 'video/mp4' }, /video\/mp4/, ['chat', 'responses']],
  ['a vector store', { type: 'hostedVectorStore', vectorStoreId: 'vs' }, /vector store/, ['chat', 'responses']],
];
for (const [name, content, kind, apis] of refused) {
  test(`${name} is refused by ${apis.join(' and ')}, with its kind, and only mentioned once it is history`, () => {
    const convert = {
      chat: toOpenAIMessages,
      responses: (messages: ChatMessage[]) => toResponsesInput(messages, source),
    };
    for (const api of apis) {
      assert.throws(() => convert[api]([user({ type: 'text', text: 'Look' }, content)]), {
        name: 'ModelError',
        code: 'modelBadRequest',
        retryable: false,
        message: kind,
      });
      // Also if the turn of that message failed, and nothing was answered in between.
      const sent = JSON.stringify(convert[api]([user(content), textMessage('user', 'And now?')]));
      assert.match(sent, kind);
      assert.match(sent, /cannot pass on/);
    }
  });
}
