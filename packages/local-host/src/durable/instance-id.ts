export const instanceIdRule = 'Instance ids must not contain /, \\, #, ? or control characters.';

const longestId = 256;

/** What is wrong with an instance id, as a sentence; undefined if nothing is. */
export function instanceIdProblem(id: string): string | undefined {
  if (id.startsWith('@')) return "Instance ids must not start with '@'.";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[/\\#?\u0000-\u001f\u007f-\u009f]/.test(id)) return instanceIdRule;
  if (id.length > longestId) return `Instance ids must not be longer than ${longestId} characters.`;
  return undefined;
}
