// What a command prints when it runs in this process; starting one takes seconds.

export async function printed<T>(act: () => Promise<T>): Promise<{ result: T; out: string; err: string }> {
  const { log, error } = console;
  const lines = { out: '', err: '' };
  console.log = (line: string) => {
    lines.out += `${line}\n`;
  };
  console.error = (line: string) => {
    lines.err += `${line}\n`;
  };
  try {
    return { result: await act(), ...lines };
  } finally {
    Object.assign(console, { log, error });
  }
}
