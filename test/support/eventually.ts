// Waiting for what must become true, instead of sleeping.

/**
 * Resolves with the first truthy result of `probe`; rejects after `withinMs` with the last error or `what`. Patience costs
 * nothing where things work; a machine that does eight things at once needs it.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  { withinMs = 20_000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result) return result;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) throw new Error(`never happened within ${withinMs} ms: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
