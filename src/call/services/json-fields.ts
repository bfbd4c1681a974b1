// Fields of a JSON answer as values of a flow: `customer.contracts.0.tier`. Pure.

/** What is at the path; undefined when there is nothing. */
export function fieldAt(json: unknown, path: string): unknown {
  let value: unknown = json;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

const longestValue = 500;

/** As a value of a flow: text, number or yes and no. Anything else has no value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.slice(0, longestValue);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

/** Whether a field says that somebody was found. */
export function isThere(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return !Array.isArray(value) || value.length > 0;
}
