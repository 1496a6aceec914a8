import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setCookieLine } from '../../src/functions/set-cookie.ts';
import type { HttpCookie } from '../../src/functions/typed-data.ts';

const LINES: [cookie: HttpCookie, line: string][] = [
  [{ name: 'a', value: '1' }, 'a=1; path=/'],
  [{ name: 'a' }, 'a=; path=/'],
  [{ name: 'a', value: 'ż; domain=evil\r\nx: y' }, 'a=%C5%BC%3B%20domain%3Devil%0D%0Ax%3A%20y; path=/'],
  [{ name: 'a', value: '1', path: { value: '' }, secure: { value: false }, httpOnly: {} }, 'a=1; path=/'],
  [{ name: 'a', value: '1', maxAge: { value: 0 }, sameSite: 'none' }, 'a=1; max-age=0; path=/'],
  [
    { name: 'a', value: '1', maxAge: { value: 1.9 }, sameSite: 'explicitNone' },
    'a=1; max-age=1; path=/; samesite=none',
  ],
  [{ name: 'a', value: '1', expires: { value: { seconds: 0 } } }, 'a=1; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/'],
];

for (const [cookie, line] of LINES) {
  test(`${JSON.stringify(cookie)} becomes its line`, () => {
    assert.equal(setCookieLine(cookie), line);
  });
}

const FORGERIES: HttpCookie[] = [
  { name: '' },
  { name: 'a b' },
  { name: 'a=b' },
  { name: 'a\r\nb' },
  { name: 'a', domain: { value: 'x; secure' } },
  { name: 'a', path: { value: '/;httponly' } },
  { name: 'a', path: { value: '/\n' } },
  { name: 'a', path: { value: '/ż' } },
];

for (const cookie of FORGERIES) {
  test(`${JSON.stringify(cookie)} is refused`, () => {
    assert.throws(() => setCookieLine(cookie), { code: 'invalidCookie' });
  });
}
