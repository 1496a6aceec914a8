/** Words too common to tell one tool or parameter from another. */
const common = new Set(
  (
    'a an and are as at be by can could do does for from get gets give gives go has have how i if in into is it its ' +
    'list make makes me my new no not of on or our out please set so tell that the their then there this to up use ' +
    'used uses using want was we what when where which who why will with would you your call calls find finds fetch ' +
    'look looks run runs show shows search current tool user about all any'
  ).split(' '),
);

/** Telling words of a text, in lower case: "getWeather" and "get_weather" both give "weather". */
export function tellingWords(text: string): Set<string> {
  const words = text
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1 && !common.has(word));
  return new Set(words.map(stem));
}

/** Enough for "orders" to meet "order". */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  return word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

/** How many words two sets share. */
export function sharedWords(left: Set<string>, right: Set<string>): number {
  let shared = 0;
  for (const word of left) if (right.has(word)) shared++;
  return shared;
}
