export function Wallboard({ api }: { api: unknown }) {
  return <p>{String(api)}</p>;
}
