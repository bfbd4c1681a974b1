// Dialled company number → flow. Numbers are in canonical form (privacy/phone-number.ts): +81… or national digits.
// Separators that people write in a configuration are ignored; nothing else is guessed: an unknown number is undefined.

export interface NumberPlan {
  /** The id of the flow for a number that the company owns; undefined for one that it does not. */
  flowFor(companyNumber: string): string | undefined;
}

export function createNumberPlan(numbers: Iterable<{ number: string; flow: string }>): NumberPlan {
  const flows = new Map<string, string>();
  for (const { number, flow } of numbers) flows.set(bare(number), flow);
  return { flowFor: (companyNumber) => flows.get(bare(companyNumber)) };
}

function bare(number: string): string {
  return number.replace(/[\s().-]/g, '');
}
