/**
 * Decoded segments of a URL's path, without a trailing empty one; `undefined` when the escapes are malformed or hide a
 * NUL. An escaped slash stays escaped (`%2F`), as the web server under Azure Functions leaves it.
 *
 * @param pathname as `URL.pathname` gives it, so dot segments are gone already
 */
export function decodePath(pathname: string): string[] | undefined {
  const segments = pathname.slice(1).split('/');
  if (segments.at(-1) === '') {
    segments.pop();
  }
  try {
    const decoded = segments.map((segment) => decodeURIComponent(segment.replace(/%(2f)/gi, '%25$1')));
    return decoded.some((segment) => segment.includes('\0')) ? undefined : decoded;
  } catch {
    // decodeURIComponent throws only for malformed escapes, which is what `undefined` says.
    return undefined;
  }
}

/** Whether a path is `prefix` or lies below it; case makes no difference. */
export function isUnder(pathname: string, prefix: string): boolean {
  const path = pathname.toLowerCase();
  const start = prefix.toLowerCase().replace(/\/$/, '');
  return path === start || path.startsWith(`${start}/`);
}
