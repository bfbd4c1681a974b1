// Plays a script to a pure machine (`step(state, input, nowMs)`): each input at its time and, in between, the timer whenever the
// machine asked for it. Returns in words what the machine did, and when.

interface AnyStep<State> {
  state: State;
  send: readonly string[];
  notify: readonly string[];
  deadlineMs?: number;
}

export function playMachine<State, Input extends { kind: string }>(
  step: (state: State, input: Input, nowMs: number) => AnyStep<State>,
  first: State,
  script: readonly (readonly [atMs: number, input: Input])[],
  untilMs: number,
): string[] {
  const done: string[] = [];
  const left = [...script];
  let state = first;
  let deadlineMs: number | undefined;
  const feed = (at: number, input: Input) => {
    const result = step(state, input, at);
    ({ state, deadlineMs } = result);
    for (const what of result.send) done.push(`${at} send ${what}`);
    for (const what of result.notify) done.push(`${at} ${what}`);
  };
  for (;;) {
    const next = left[0]?.[0] ?? Number.POSITIVE_INFINITY;
    if (Math.min(next, deadlineMs ?? Number.POSITIVE_INFINITY) > untilMs) return done;
    if (deadlineMs !== undefined && deadlineMs < next) feed(deadlineMs, { kind: 'timer' } as Input);
    else feed(next, left.shift()![1]);
  }
}

/** The times at which `what` happened. */
export function timesOf(done: readonly string[], what: string): number[] {
  return done.filter((one) => one.endsWith(what)).map((one) => Number.parseInt(one, 10));
}
