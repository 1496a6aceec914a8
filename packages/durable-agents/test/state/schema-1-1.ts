/** The rules of state schema 1.1.0 that matter for what we write, as plain checks; gives the places that break them. */
export function schemaProblems(document: unknown): string[] {
  const problems: string[] = [];
  const object = check(document, '', problems);
  string(object, 'schemaVersion', '', problems, true);
  const data = check(object.data, 'data', problems);
  for (const [index, entry] of list(data.conversationHistory, 'history', problems).entries()) {
    checkEntry(check(entry, `history[${index}]`, problems), `history[${index}]`, problems);
  }
  return problems;
}

const contents: Record<string, { required: string[]; optional: string[] }> = {
  data: { required: ['uri'], optional: ['mediaType'] },
  error: { required: [], optional: ['message', 'errorCode'] },
  hostedFile: { required: ['fileId'], optional: [] },
  hostedVectorStore: { required: ['vectorStoreId'], optional: [] },
  reasoning: { required: [], optional: ['text'] },
  uri: { required: ['uri', 'mediaType'], optional: [] },
  usage: { required: [], optional: [] },
  text: { required: ['text'], optional: [] },
  functionCall: { required: ['callId', 'name'], optional: [] },
  functionResult: { required: ['callId'], optional: [] },
  unknown: { required: [], optional: [] },
};

function checkEntry(entry: Record<string, unknown>, path: string, problems: string[]): void {
  for (const name of ['correlationId', 'createdAt', 'orchestrationId', 'responseType'])
    string(entry, name, path, problems);
  if ('responseSchema' in entry) check(entry.responseSchema, `${path}.responseSchema`, problems);
  if ('usage' in entry) checkUsage(entry.usage, `${path}.usage`, problems);
  for (const [index, item] of list(entry.messages, `${path}.messages`, problems).entries()) {
    const at = `${path}.messages[${index}]`;
    const message = check(item, at, problems);
    if (!['user', 'assistant', 'system', 'tool'].includes(String(message.role))) problems.push(`${at}.role`);
    for (const name of ['authorName', 'createdAt']) string(message, name, at, problems);
    for (const [place, part] of list(message.contents, `${at}.contents`, problems).entries()) {
      checkContent(check(part, `${at}.contents[${place}]`, problems), `${at}.contents[${place}]`, problems);
    }
  }
}

function checkContent(content: Record<string, unknown>, path: string, problems: string[]): void {
  const rule = contents[String(content.$type)];
  if (rule === undefined) {
    problems.push(`${path}.$type`);
    return;
  }
  for (const name of rule.required) string(content, name, path, problems, true);
  for (const name of rule.optional) string(content, name, path, problems);
  if (content.$type === 'functionCall' && 'arguments' in content)
    check(content.arguments, `${path}.arguments`, problems);
  if (content.$type === 'usage') checkUsage(content.usage, `${path}.usage`, problems);
  if (content.$type === 'unknown' && !('content' in content)) problems.push(`${path}.content`);
}

function checkUsage(value: unknown, path: string, problems: string[]): void {
  const usage = check(value, path, problems);
  for (const name of ['inputTokenCount', 'outputTokenCount', 'totalTokenCount']) {
    if (name in usage && !Number.isInteger(usage[name])) problems.push(`${path}.${name}`);
  }
}

function check(value: unknown, path: string, problems: string[]): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  problems.push(path);
  return {};
}

function list(value: unknown, path: string, problems: string[]): unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  problems.push(path);
  return [];
}

function string(
  object: Record<string, unknown>,
  name: string,
  path: string,
  problems: string[],
  required = false,
): void {
  if (name in object ? typeof object[name] !== 'string' : required) problems.push(`${path}.${name}`);
}
