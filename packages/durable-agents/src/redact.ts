/** What stands in the place of a secret. */
const mask = '***';

/** Names whose values are secrets, in headers, queries, JSON, connection strings and assignments. */
const secretName =
  'authorization|proxy-authorization|x-functions-key|x-functions-clientid|api[-_]?key|x-api-key|subscription[-_]?key|' +
  'ocp-apim-subscription-key|account[-_]?key|shared[-_]?access[-_]?key|shared[-_]?access[-_]?signature|access[-_]?key|' +
  'secret[-_]?key|private[-_]?key|client[-_]?secret|secret|password|passwd|pwd|passphrase|access[-_]?token|' +
  'refresh[-_]?token|id[-_]?token|auth[-_]?token|token|credential|set-cookie|cookie|connection[-_]?string';

const isSecretName = new RegExp(`(?:^|[._-])(?:${secretName})$`, 'i');

/** Each is linear: no part of a pattern can match the same text in two ways. */
const patterns: readonly [RegExp, string][] = [
  // Keys in PEM form.
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,16384}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g, mask],
  // Authorization values, wherever they stand.
  [/\b(bearer|basic|sharedaccesssignature|negotiate)\s+[\w.~+/=%&-]{8,}/gi, `$1 ${mask}`],
  // Users in URLs.
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,1024}@/gi, `$1${mask}@`],
  // Signatures and keys in queries.
  [/([?&](?:code|sig|signature|key|x-amz-signature|x-amz-security-token)=)[^\s&#"'<>]+/gi, `$1${mask}`],
  // Quoted values, as in JSON, also where the JSON is itself in a string.
  [
    new RegExp(`((?:${secretName})\\\\{0,3}["']\\s{0,8}:\\s{0,8}\\\\{0,3}["'])(?:[^"'\\\\]|\\\\[^"'])+`, 'gi'),
    `$1${mask}`,
  ],
  // Everything of a header's line.
  [/\b((?:set-)?cookie|(?:proxy-)?authorization)(\s{0,8}:\s{0,8})(?!["'\\])[^\r\n"']+/gi, `$1$2${mask}`],
  // Assignments: connection strings, queries, headers, logs.
  [new RegExp(`(${secretName})(\\s{0,8}[=:]\\s{0,8})(?!\\*\\*\\*|["'\\\\])[^\\s;,&"'<>]+`, 'gi'), `$1$2${mask}`],
  [new RegExp(`(${secretName})(\\s{0,8}[=:]\\s{0,8}["'])[^"'\\r\\n]+`, 'gi'), `$1$2${mask}`],
  // Forms of well-known keys and tokens.
  [/\bsk-[\w-]{12,}/g, mask],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, mask],
  [/\b(?:gh[oprsu]_\w{20,}|github_pat_\w{20,}|xox[abeoprs]-[\w-]{10,}|AKIA[A-Z0-9]{16}|AIza[\w-]{35})/g, mask],
  // Keys of Azure: storage, Functions, AI services. Those of 32 hexadecimal digits look like ids and stay.
  [/(?<![\w+/-])[\w+/-]{86}==/g, mask],
  [/(?<![\w+/-])[\w-]{30,60}AzFu[\w-]{6,12}={0,2}/g, mask],
  [/[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,30}/g, mask],
];

/**
 * A text with its secrets masked: keys, tokens, passwords, signatures, connection strings, users in URLs. It knows
 * secrets by their form and by the name before them; one without either stays, so hand such secrets to
 * {@link createRedactor}.
 */
export function redact(text: string): string {
  let masked = text;
  for (const [pattern, replacement] of patterns) masked = masked.replace(pattern, replacement);
  return masked;
}

/** Whether a field of this name holds a secret, such as `apiKey` or `x-functions-key`. */
export function namesSecret(name: string): boolean {
  // camelCase parts count as words: `modelApiKey` ends in a secret's name.
  return isSecretName.test(name) || isSecretName.test(name.replace(/([a-z0-9])([A-Z])/g, '$1-$2'));
}

/** A redactor that also masks these very values, whatever stands before them. Values under 8 characters are ignored. */
export function createRedactor(secrets: Iterable<string>): (text: string) => string {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 8);
  // The longest first: one may be the start of another.
  known.sort((left, right) => right.length - left.length);
  return (text) => {
    let masked = text;
    for (const secret of known) masked = masked.replaceAll(secret, mask);
    return redact(masked);
  };
}

/** Settings of an app that are secrets by their name, such as `OPENAI_API_KEY` or `AzureWebJobsStorage`. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    const isSecret = namesSecret(name) || /^AzureWebJobsStorage$|_STORAGE$|SAS$/i.test(name);
    // A shell's working directory, and no password.
    if (isSecret && name !== 'PWD' && value !== undefined) secrets.push(value);
  }
  return secrets;
}
