// Durations in words.

export function minutesEn(seconds: number): string {
  if (seconds < 90) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

export function minutesJa(seconds: number): string {
  return seconds < 90 ? `${seconds}秒` : `${Math.ceil(seconds / 60)}分`;
}
